//! How near two words are: for the one that was probably meant by another.

/// No word that people choose is longer; of a longer one the beginning is compared.
const LONGEST: usize = 60;

/// Counts the letters to change, add, drop or swap with a neighbour to get from one word to the other.
pub fn distance(from: &str, to: &str) -> usize {
    let (from, to): (Vec<char>, Vec<char>) =
        (from.to_lowercase().chars().take(LONGEST).collect(), to.chars().collect());
    let mut rows = vec![(0..=to.len()).collect::<Vec<usize>>()];
    for (i, a) in from.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in to.iter().enumerate() {
            let mut best = (rows[i][j] + usize::from(a != b)).min(rows[i][j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *a == to[j - 1] && from[i - 1] == *b {
                best = best.min(rows[i - 1][j - 1] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows.last().and_then(|row| row.last()).copied().unwrap_or(0)
}

/// Finds the word that was probably meant, if one is near enough.
pub fn nearest<'k>(typed: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    let near = known.map(|word| (distance(typed, &word.to_lowercase()), word)).min()?;
    (near.0 <= 1 + near.1.chars().count() / 4).then_some(near.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_near() {
        for (typed, known, steps) in [
            ("api_hahs", "api_hash", 1),
            ("apihash", "api_hash", 1),
            ("", "abc", 3),
            ("asignee", "assignee", 1),
            ("Status", "status", 0),
        ] {
            assert_eq!(distance(typed, known), steps, "{typed}");
        }
        assert!(distance(&"x".repeat(100_000), "status") > 6);
        assert_eq!(nearest("mony", ["Money", "hand"].into_iter()), Some("Money"));
        assert_eq!(nearest("sales", ["Money", "hand"].into_iter()), None);
    }
}
