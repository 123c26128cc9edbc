//! Dice that fall the same way for the same seed: SplitMix64.
//!
//! Worlds and scripts need variety that can be repeated, not secrets; nothing that must be unguessable is made here.

use super::worldfile::Span;

/// A stream of numbers that depends on its seed alone.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// Makes dice from a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Throws for any number. Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014.
    pub fn throw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Throws for a number from 0 to below `end`; 0 if `end` is 0.
    pub fn below(&mut self, end: usize) -> usize {
        ((u128::from(self.throw()) * end as u128) >> 64) as usize
    }

    /// Throws for a fraction from 0 to below 1.
    pub fn fraction(&mut self) -> f64 {
        (self.throw() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Tells yes in `percent` of a hundred throws.
    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// Picks one, or none from an empty list.
    pub fn pick<'l, T>(&mut self, list: &'l [T]) -> Option<&'l T> {
        list.get(self.below(list.len()))
    }

    /// Throws for a span between two, both included.
    pub fn span(&mut self, [shortest, longest]: [Span; 2]) -> Span {
        let width = longest.as_secs().saturating_sub(shortest.as_secs()) as usize;
        Span::secs(shortest.as_secs() + self.below(width + 1) as u32)
    }
}
