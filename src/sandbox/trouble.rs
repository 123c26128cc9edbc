//! Trouble on demand: what can be ordered to go wrong, as a line of text, by a script with times, or by dice.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};

use super::dice::Dice;
use super::faults::Fault;
use super::handle::WorldHandle;
use super::world::Refusal;

/// The grammar, as `topicdesk sandbox --help` prints it.
pub const GRAMMAR: &str = "\
Faults (a line of standard input, a line `SECONDS FAULT` of --faults FILE, or `faults` in a world's file):
  cut-before METHOD             cut the connection instead of working on the next call of METHOD (* for any)
  cut-after METHOD              work on it, and cut the connection instead of answering
  silence METHOD                neither work on it nor answer
  error METHOD CODE NAME        refuse it: error messages.sendMessage 500 RANDOM_ID_DUPLICATE
  flood METHOD SECONDS          refuse it with FLOOD_WAIT
  too-long                      the next channel difference is too long
  push-too-long [PTS]           push updateChannelTooLong, with a pts or without
  lose-pushes N                 withhold the next N rounds of updates
  double-pushes N               push the next N rounds twice
  swap-pushes N                 hold each of the next N rounds back until the one after it
  slices N                      differences of at most N updates; 0 ends that
  slow MILLISECONDS             a slow link: so long for every write; 0 ends that
  black-hole SECONDS            read and answer nothing for so long
  cut-all                       cut every connection
  restart                       cut every connection, and change all salts, as a restarted server does
  skew SECONDS                  the server's clock is so far ahead of the machine's; 0 ends that
  stray                         send every client a packet of another session
  skip-ids N                    use up N message ids
  age-files                     what leads to files has grown old: FILE_REFERENCE_EXPIRED until asked for again
  empty MESSAGE                 delete a message, so that it is empty when asked for
  delete-topic TOPIC            delete a topic
  react MESSAGE EMOJI           the creator of its topic reacts to a message
  unreact MESSAGE               and takes that away
  demote, promote               take the desk's bot its rights, and give them back
  kick, unkick                  remove the desk's bot from the group, and let it back as it was
  forum-off, forum-on           turn the group's topics off, and on
  privacy-on, privacy-off       turn the bot's privacy mode on, and off; seen by a bot that is no admin
  duplicate-key                 destroy the keys of the desk's logins, as when two clients have used one
  revoke                        end the desk's logins
  clear                         forget what is armed and has not happened";

/// Something that is ordered to go wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// With the next call of a method.
    Call(String, Fault),
    /// `updateChannelTooLong`, with or without a pts.
    PushTooLong(Option<i32>),
    /// Rounds of updates that are not pushed.
    LosePushes(u32),
    /// Rounds of updates that are pushed twice.
    DoublePushes(u32),
    /// Rounds of updates that are pushed after the round that follows them.
    SwapPushes(u32),
    /// Differences of at most so many updates; 0: as many as usual.
    Slices(usize),
    /// So long for every write.
    Slow(Duration),
    /// Nothing is read and answered for so long.
    BlackHole(Duration),
    /// Every connection is cut.
    CutAll,
    /// Every connection is cut, and all salts change.
    Restart,
    /// The server's clock is so many seconds ahead.
    Skew(i64),
    /// Every client gets a packet of another session.
    Stray,
    /// So many message ids are used up.
    SkipIds(i32),
    /// All file references that were given out have grown old.
    AgeFiles,
    /// A message is deleted.
    Empty(i32),
    /// A topic is deleted.
    DeleteTopic(i32),
    /// The creator of a message's topic reacts to it, or to nothing any more.
    React(i32, Option<String>),
    /// The desk's bot loses its rights.
    Demote,
    /// The desk's bot gets them back.
    Promote,
    /// The desk's bot is removed from the group.
    Kick,
    /// The desk's bot is let back.
    Unkick,
    /// The group has topics, or not.
    Forum(bool),
    /// The bot's privacy mode is on, or off.
    Privacy(bool),
    /// The keys of the desk's logins are destroyed.
    DuplicateKey,
    /// The desk's logins end.
    Revoke,
    /// What is armed and has not happened is forgotten.
    Clear,
}

impl Trouble {
    /// Tells its kind, for counting.
    pub fn kind(&self) -> String {
        self.to_string().split(' ').next().unwrap_or_default().to_owned()
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::Call(method, Fault::CutBefore) => write!(f, "cut-before {method}"),
            Trouble::Call(method, Fault::CutAfter) => write!(f, "cut-after {method}"),
            Trouble::Call(method, Fault::Silence) => write!(f, "silence {method}"),
            Trouble::Call(method, Fault::Refuse(refusal)) => match refusal.name.strip_prefix("FLOOD_WAIT_") {
                Some(seconds) => write!(f, "flood {method} {seconds}"),
                None => write!(f, "error {method} {} {}", refusal.code, refusal.name),
            },
            Trouble::Call(_, Fault::DifferenceTooLong) => f.write_str("too-long"),
            Trouble::PushTooLong(None) => f.write_str("push-too-long"),
            Trouble::PushTooLong(Some(pts)) => write!(f, "push-too-long {pts}"),
            Trouble::LosePushes(count) => write!(f, "lose-pushes {count}"),
            Trouble::DoublePushes(count) => write!(f, "double-pushes {count}"),
            Trouble::SwapPushes(count) => write!(f, "swap-pushes {count}"),
            Trouble::Slices(count) => write!(f, "slices {count}"),
            Trouble::Slow(span) => write!(f, "slow {}", span.as_millis()),
            Trouble::BlackHole(span) => write!(f, "black-hole {}", span.as_secs()),
            Trouble::CutAll => f.write_str("cut-all"),
            Trouble::Restart => f.write_str("restart"),
            Trouble::Skew(seconds) => write!(f, "skew {seconds}"),
            Trouble::Stray => f.write_str("stray"),
            Trouble::SkipIds(count) => write!(f, "skip-ids {count}"),
            Trouble::AgeFiles => f.write_str("age-files"),
            Trouble::Empty(message) => write!(f, "empty {message}"),
            Trouble::DeleteTopic(topic) => write!(f, "delete-topic {topic}"),
            Trouble::React(message, Some(emoji)) => write!(f, "react {message} {emoji}"),
            Trouble::React(message, None) => write!(f, "unreact {message}"),
            Trouble::Demote => f.write_str("demote"),
            Trouble::Promote => f.write_str("promote"),
            Trouble::Kick => f.write_str("kick"),
            Trouble::Unkick => f.write_str("unkick"),
            Trouble::Forum(on) => f.write_str(if *on { "forum-on" } else { "forum-off" }),
            Trouble::Privacy(on) => f.write_str(if *on { "privacy-on" } else { "privacy-off" }),
            Trouble::DuplicateKey => f.write_str("duplicate-key"),
            Trouble::Revoke => f.write_str("revoke"),
            Trouble::Clear => f.write_str("clear"),
        }
    }
}

fn number<T: FromStr>(word: Option<&str>, what: &str) -> Result<T, String> {
    word.and_then(|word| word.parse().ok()).ok_or_else(|| format!("{what} is missing or is no number"))
}

impl FromStr for Trouble {
    type Err = String;

    fn from_str(line: &str) -> Result<Self, Self::Err> {
        let mut words = line.split_whitespace();
        let name = words.next().unwrap_or_default();
        let mut method = || words.next().map(str::to_owned).ok_or_else(|| format!("`{name}` needs a method, or *"));
        let trouble = match name {
            "cut-before" => Trouble::Call(method()?, Fault::CutBefore),
            "cut-after" => Trouble::Call(method()?, Fault::CutAfter),
            "silence" => Trouble::Call(method()?, Fault::Silence),
            "error" => {
                let method = method()?;
                let code = number(words.next(), "the code")?;
                let name = words.next().ok_or("the error's name is missing")?;
                Trouble::Call(method, Fault::Refuse(Refusal::new(code, name)))
            }
            "flood" => {
                let method = method()?;
                Trouble::Call(method, Fault::flood_wait(number(words.next(), "the number of seconds")?))
            }
            "too-long" => Trouble::Call("updates.getChannelDifference".to_owned(), Fault::DifferenceTooLong),
            "push-too-long" => {
                Trouble::PushTooLong(words.next().map(|word| number(Some(word), "the pts")).transpose()?)
            }
            "lose-pushes" => Trouble::LosePushes(number(words.next(), "the number of rounds")?),
            "double-pushes" => Trouble::DoublePushes(number(words.next(), "the number of rounds")?),
            "swap-pushes" => Trouble::SwapPushes(number(words.next(), "the number of rounds")?),
            "slices" => Trouble::Slices(number(words.next(), "the number of updates")?),
            "slow" => Trouble::Slow(Duration::from_millis(number(words.next(), "the number of milliseconds")?)),
            "black-hole" => Trouble::BlackHole(Duration::from_secs(number(words.next(), "the number of seconds")?)),
            "cut-all" => Trouble::CutAll,
            "restart" => Trouble::Restart,
            "skew" => Trouble::Skew(number(words.next(), "the number of seconds")?),
            "stray" => Trouble::Stray,
            "skip-ids" => Trouble::SkipIds(number(words.next(), "the number of ids")?),
            "age-files" => Trouble::AgeFiles,
            "empty" => Trouble::Empty(number(words.next(), "the message")?),
            "delete-topic" => Trouble::DeleteTopic(number(words.next(), "the topic")?),
            "react" => {
                let message = number(words.next(), "the message")?;
                Trouble::React(message, Some(words.next().ok_or("the emoji is missing")?.to_owned()))
            }
            "unreact" => Trouble::React(number(words.next(), "the message")?, None),
            "demote" => Trouble::Demote,
            "promote" => Trouble::Promote,
            "kick" => Trouble::Kick,
            "unkick" => Trouble::Unkick,
            "forum-off" => Trouble::Forum(false),
            "forum-on" => Trouble::Forum(true),
            "privacy-off" => Trouble::Privacy(false),
            "privacy-on" => Trouble::Privacy(true),
            "duplicate-key" => Trouble::DuplicateKey,
            "revoke" => Trouble::Revoke,
            "clear" => Trouble::Clear,
            _ => return Err(format!("there is no fault `{name}`: `topicdesk sandbox --help` lists them")),
        };
        match words.next() {
            Some(word) => Err(format!("`{word}` is one word too many after `{name}`")),
            None => Ok(trouble),
        }
    }
}

/// When what goes wrong, in order: spans after the start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script(pub Vec<(Duration, Trouble)>);

impl FromStr for Script {
    type Err = String;

    /// Reads lines `SECONDS FAULT`; `#` begins a comment.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut steps = Vec::new();
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.split('#').next().unwrap_or_default().trim();
            if line.is_empty() {
                continue;
            }
            let wrong = |why: &str| format!("line {number}: {why}");
            let (at, rest) = line.split_once(char::is_whitespace).ok_or_else(|| wrong("write `SECONDS FAULT`"))?;
            let seconds: f64 = at.parse().map_err(|_| wrong("write the seconds after the start first"))?;
            let at = Duration::try_from_secs_f64(seconds).map_err(|_| wrong("that is no span of time"))?;
            steps.push((at, rest.parse().map_err(|why: String| wrong(&why))?));
        }
        steps.sort_by_key(|(at, _)| *at);
        Ok(Script(steps))
    }
}

/// Trouble by dice: what a network and a server do to a client in a bad week, and nothing that only a person can mend.
#[derive(Clone, Debug)]
pub struct Chaos(Dice);

impl Chaos {
    /// Makes it from a seed: the same seed orders the same.
    pub fn new(seed: u64) -> Self {
        Chaos(Dice::new(seed))
    }

    /// Tells after which pause what goes wrong next.
    pub fn throw(&mut self) -> (Duration, Trouble) {
        let dice = &mut self.0;
        let pause = Duration::from_millis(100 + dice.below(1_400) as u64);
        let few = |dice: &mut Dice| 1 + u32::try_from(dice.below(3)).unwrap_or(0);
        let methods = [
            "messages.sendMessage",
            "updates.getChannelDifference",
            "updates.getDifference",
            "channels.getMessages",
            "*",
        ];
        let method = if dice.chance(60) { methods[0] } else { methods[dice.below(methods.len())] };
        let call = |fault| Trouble::Call(method.to_owned(), fault);
        let refuse = |code, name| call(Fault::Refuse(Refusal::new(code, name)));
        let trouble = match dice.below(22) {
            0..3 => call(Fault::CutBefore),
            3..7 => call(Fault::CutAfter),
            7 => call(Fault::flood_wait(1 + few(dice))),
            8 => refuse(500, "WORKER_BUSY_TOO_LONG_RETRY"),
            9 => refuse(-503, "Timeout"),
            10 => Trouble::Call(methods[0].to_owned(), Fault::Refuse(Refusal::new(500, "RANDOM_ID_DUPLICATE"))),
            11 | 12 => Trouble::LosePushes(few(dice)),
            13 => Trouble::DoublePushes(few(dice)),
            14 => Trouble::SwapPushes(few(dice)),
            15 => Trouble::PushTooLong(dice.chance(50).then_some(0)),
            16 => Trouble::Slices(dice.below(3)),
            17 => Trouble::Slow(Duration::from_millis(dice.below(3) as u64 * 20)),
            18 => Trouble::BlackHole(Duration::from_secs(1)),
            19 => Trouble::Restart,
            20 => Trouble::SkipIds(1 + dice.below(5) as i32),
            _ => Trouble::CutAll,
        };
        (pause, trouble)
    }
}

/// Causes what a script says, when it says so. Never ends.
pub async fn play(world: WorldHandle, script: Script) {
    let start = Instant::now();
    for (at, trouble) in script.0 {
        sleep_until(start + at).await;
        if let Err(refusal) = world.cause(&trouble) {
            tracing::warn!(%trouble, why = refusal.name, "a fault of the script made no sense");
        }
    }
    std::future::pending::<()>().await;
}

/// Causes what dice say, if there is a seed. Never ends.
pub async fn play_dice(world: WorldHandle, seed: Option<u64>) {
    let Some(seed) = seed else { return std::future::pending::<()>().await };
    let mut chaos = Chaos::new(seed);
    loop {
        let (pause, trouble) = chaos.throw();
        sleep(pause).await;
        if let Err(refusal) = world.cause(&trouble) {
            tracing::warn!(%trouble, why = refusal.name, "a fault by dice made no sense");
        }
    }
}

/// Counts what went wrong, by kind.
pub type Counts = BTreeMap<String, u64>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_grammar_is_understood_and_says_itself() {
        let mut count = 0;
        for line in GRAMMAR.lines().skip(1) {
            let usage = line.trim().split("  ").next().unwrap_or_default();
            for usage in usage.split(", ") {
                let line = usage
                    .replace("METHOD", "messages.sendMessage")
                    .replace("CODE NAME", "500 RANDOM_ID_DUPLICATE")
                    .replace("[PTS]", "7");
                let line: Vec<&str> = line
                    .split(' ')
                    .map(|word| if word.chars().all(|c| c.is_ascii_uppercase()) { "3" } else { word })
                    .collect();
                let trouble: Trouble = line.join(" ").parse().unwrap_or_else(|why| panic!("{line:?}: {why}"));
                assert_eq!(trouble.to_string(), line.join(" "));
                count += 1;
            }
        }
        assert_eq!(count, 34);
        assert!("cut-all now".parse::<Trouble>().is_err());
        assert!("cut-after".parse::<Trouble>().is_err());
        assert!("nonsense".parse::<Trouble>().is_err());
    }

    #[test]
    fn a_script_is_sorted_and_its_mistakes_have_a_line() {
        let script: Script = "# begin\n3 cut-all\n0.5 lose-pushes 2 # soon\n".parse().expect("good");
        assert_eq!(
            script.0,
            [(Duration::from_millis(500), Trouble::LosePushes(2)), (Duration::from_secs(3), Trouble::CutAll)]
        );
        assert_eq!(
            "1 cut-all\nx y".parse::<Script>().expect_err("bad"),
            "line 2: write the seconds after the start first"
        );
    }

    #[test]
    fn chaos_is_the_same_for_the_same_seed() {
        let (mut one, mut two) = (Chaos::new(5), Chaos::new(5));
        for _ in 0..200 {
            let step = one.throw();
            assert_eq!(step, two.throw());
            assert_eq!(step.1.to_string().parse::<Trouble>().as_ref(), Ok(&step.1));
        }
    }
}
