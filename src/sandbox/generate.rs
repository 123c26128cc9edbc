//! Makes worlds of any size, the same for the same numbers: what benchmarks and long runs work on.
//!
//! A generated world has the shop's group, staff and accounts, customers of six languages, and topics whose ages,
//! lengths and endings vary as they do in a real group: most are old and answered, some are fresh and wait, a few are
//! very long. It has no scripts: a world to measure must not change by itself.

mod phrases;

use std::fmt::Write;

use super::dice::Dice;
use super::worldfile::{Hole, Key, Media, Message, Person, Role, Scripts, Span, Topic, TopicEdit, WorldFile};
use phrases::{LANGUAGES, PRODUCTS, Pool};

const DAY: f64 = 86_400.0;

/// The oldest generated topic is this old, in days.
const REACH: f64 = 400.0;

/// A generated customer's Telegram id is this plus their number.
const FIRST_CUSTOMER: i64 = 5_300_000_000;

/// Makes a world with this many topics and this many messages in all, topics' and General's together.
///
/// There is at least one message in each topic, so fewer messages than topics become as many. Service messages are
/// not counted. A million messages take a second or two and a few hundred MB.
pub fn generate(topics: usize, messages: usize, seed: u64) -> WorldFile {
    let mut world = WorldFile::shop().expect("the built-in world is read by a test");
    let mut dice = Dice::new(seed);
    world.scripts = Scripts::default();
    world.people.retain(|person| person.role != Role::Customer || person.login.is_some());
    let staff: Vec<Key> =
        world.people.iter().filter(|person| person.role == Role::Agent).map(|person| person.key.clone()).collect();
    let customers = customers(topics * 6 / 10 + 1, &mut dice);
    let messages = messages.max(topics);
    let in_general = (messages / 200).min(messages - topics);
    let lengths = lengths(topics, messages - in_general, &mut dice);

    // Ages thin out towards the past; topics are made oldest first, as a group makes them.
    let mut ages: Vec<u32> = (0..topics).map(|_| (60.0 + REACH * DAY * dice.fraction().powi(2)) as u32).collect();
    ages.sort_unstable_by(|a, b| b.cmp(a));
    world.group.created = Span::secs(ages.first().copied().unwrap_or(0) + 2 * DAY as u32);

    let mut writer = Writer { dice, staff: &staff, customers: &customers, gaps: Vec::new() };
    world.topics = ages.iter().zip(&lengths).map(|(age, length)| writer.topic(*age, *length)).collect();
    world.general = writer.general(in_general, ages.first().copied().unwrap_or(3_600));
    world.holes = ages.get(topics / 3).map(|age| Hole { ago: Span::secs(*age), ids: 1_500 }).into_iter().collect();
    world.people.extend(customers.into_iter().map(|customer| customer.person));
    world
}

struct Customer {
    person: Person,
    pool: &'static Pool,
}

fn customers(count: usize, dice: &mut Dice) -> Vec<Customer> {
    let customer = |index: usize| {
        // English weighs double: it is what many write in, whatever they speak.
        let pool = &LANGUAGES[dice.below(LANGUAGES.len() + 1) % LANGUAGES.len()];
        let first_name = pool.first_names[dice.below(pool.first_names.len())];
        let mut person = Person::new(&format!("c{index}"), FIRST_CUSTOMER + index as i64, first_name, Role::Customer);
        person.language = Some(pool.language.to_owned());
        person.last_name = dice.chance(60).then(|| pool.last_names[dice.below(pool.last_names.len())].to_owned());
        person.username = dice.chance(30).then(|| format!("walker_{index}"));
        person.deleted = dice.chance(1);
        person.left = dice.chance(4);
        Customer { person, pool }
    };
    (0..count).map(customer).collect()
}

/// Deals messages out to topics: one each, the rest so that a few topics are long and most are short.
fn lengths(topics: usize, messages: usize, dice: &mut Dice) -> Vec<usize> {
    let mut lengths = vec![1; topics];
    if topics == 0 {
        return lengths;
    }
    let mut order: Vec<usize> = (0..topics).collect();
    for last in (1..topics).rev() {
        order.swap(last, dice.below(last + 1));
    }
    for _ in topics..messages {
        // A quarter follows a square law (its first topic gets very long), the rest is spread evenly.
        let fraction = dice.fraction();
        let skewed = if dice.chance(25) { fraction * fraction } else { fraction };
        lengths[order[((topics as f64 * skewed) as usize).min(topics - 1)]] += 1;
    }
    lengths
}

struct Writer<'w> {
    dice: Dice,
    staff: &'w [Key],
    customers: &'w [Customer],
    gaps: Vec<f64>,
}

impl Writer<'_> {
    fn topic(&mut self, age: u32, length: usize) -> Topic {
        let customer = &self.customers[self.dice.below(self.customers.len())];
        let agent = self.staff[self.dice.below(self.staff.len())].clone();
        let pool = customer.pool;
        let title = self.sentence(pool.titles);
        let times = self.times(age, length);
        let mut messages = Vec::with_capacity(length);
        let old = age > 2 * DAY as u32;
        let mut staff_spoke = false;
        for (index, ago) in times.into_iter().enumerate() {
            let last = index + 1 == length;
            let staff = index > 0 && self.dice.chance(if last && old { 75 } else { 50 });
            let by = match index {
                _ if staff && self.dice.chance(8) => self.staff[self.dice.below(self.staff.len())].clone(),
                _ if staff => agent.clone(),
                1.. if self.dice.chance(2) => self.customers[self.dice.below(self.customers.len())].person.key.clone(),
                _ => customer.person.key.clone(),
            };
            let text = if staff {
                self.paragraph(pool.answers)
            } else if index == 0 || !staff_spoke {
                self.paragraph(pool.openings)
            } else if last {
                self.sentence(pool.thanks)
            } else {
                self.paragraph(pool.details)
            };
            staff_spoke |= staff;
            let mut message = Message::new(&by, Span::secs(ago), text);
            self.decorate(&mut message, index);
            messages.push(message);
        }
        let mut edits = Vec::new();
        if old && staff_spoke && self.dice.chance(55) {
            let ago = messages.last().map_or(Span::secs(age), |message| message.ago);
            edits.push(TopicEdit { ago, by: agent, title: None, closed: Some(true) });
        }
        let deleted = old && self.dice.chance(1);
        let icon = self.dice.chance(40).then(|| phrases::ICONS[self.dice.below(phrases::ICONS.len())].to_owned());
        Topic {
            title,
            by: customer.person.key.clone(),
            opened: Span::secs(age),
            icon,
            color: None,
            pinned: false,
            deleted,
            edits,
            messages,
        }
    }

    /// Adds what a message may have besides its text.
    fn decorate(&mut self, message: &mut Message, index: usize) {
        let dice = &mut self.dice;
        match dice.below(100) {
            0..6 => {
                message.media = Some(Box::new(Media::Photo { width: 1280, height: 960, size: 80_000 }));
            }
            6 => {
                message.media = Some(Box::new(Media::Voice { secs: 3 + dice.below(50) as u32 }));
                message.text.clear();
            }
            7 => {
                message.media = Some(Box::new(Media::Sticker("👍".to_owned())));
                message.text.clear();
            }
            8 => {
                let name = format!("invoice-{}.pdf", 10_000 + dice.below(90_000));
                message.media = Some(Box::new(Media::File { name, size: 70_000, mime: None }));
            }
            9..15 if index > 0 => message.reply_to = Some(dice.below(index) as u32),
            15..18 => message.edited = Some(Span::secs(message.ago.as_secs().saturating_sub(40))),
            18 if index > 0 => message.deleted = true,
            _ => {}
        }
    }

    fn general(&mut self, count: usize, age: u32) -> Vec<Message> {
        let times = self.times(age, count);
        let line = |(index, ago): (usize, u32)| {
            let customer = &self.customers[self.dice.below(self.customers.len())];
            let by = if index % 2 == 1 { &self.staff[self.dice.below(self.staff.len())] } else { &customer.person.key };
            let pool = if index % 2 == 1 { customer.pool.answers } else { customer.pool.openings };
            Message::new(by, Span::secs(ago), self.sentence(pool))
        };
        times.into_iter().enumerate().map(line).collect()
    }

    /// Deals out the moments of a topic's messages, as seconds before the start, never rising.
    fn times(&mut self, age: u32, length: usize) -> Vec<u32> {
        self.gaps.clear();
        let mut total = 0.0;
        for index in 0..length {
            // Gaps from seconds to two days, their logarithms spread evenly; the first message comes with the topic.
            let gap = if index == 0 { self.dice.fraction() * 5.0 } else { 20.0 * 8_000f64.powf(self.dice.fraction()) };
            total += gap;
            self.gaps.push(gap);
        }
        let squeeze = (f64::from(age) * 0.97 / total).min(1.0);
        let mut at = f64::from(age);
        self.gaps
            .iter()
            .map(|gap| {
                at -= gap * squeeze;
                at as u32
            })
            .collect()
    }

    fn paragraph(&mut self, pool: &[&str]) -> String {
        let mut text = self.sentence(pool);
        for percent in [45, 20] {
            if self.dice.chance(percent) {
                text.push(' ');
                self.append(&mut text, pool);
            }
        }
        text
    }

    fn sentence(&mut self, pool: &[&str]) -> String {
        let mut text = String::with_capacity(128);
        self.append(&mut text, pool);
        text
    }

    /// Appends a sentence of the pool; `#` becomes a number and `@` a product.
    fn append(&mut self, text: &mut String, pool: &[&str]) {
        for c in pool[self.dice.below(pool.len())].chars() {
            match c {
                '#' => write!(text, "{}", 40_000 + self.dice.below(20_000)).expect("a String takes any text"),
                '@' => text.push_str(PRODUCTS[self.dice.below(PRODUCTS.len())]),
                c => text.push(c),
            }
        }
    }
}
