//! The loop of a real screen: signals in, effects out, a frame when something has changed.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use thiserror::Error;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::asking::{asker, submitter};
use super::effect::{Effect, Launch, ReadTag, Signal, Timer};
use super::model::Model;
use super::terminal::{self, Heard, Keyboard, Screen, Tty, Unfit};
use super::update::update;
use super::{Reread, Setup};
use super::{clipboard, editor, opener, restore, view};
use crate::desk::command::Command;
use crate::engine::handle::Handle;
use crate::engine::views::ViewRequest;

/// A frame at most this often.
const FRAME: Duration = Duration::from_millis(33);
/// After a key, this soon.
const FRAME_AFTER_KEY: Duration = Duration::from_millis(8);
/// So long after a key its agent waits for what it does.
const ANSWERED: Duration = Duration::from_millis(250);
/// What has to be said before leaving is given this long.
const LAST_WORDS: Duration = Duration::from_millis(1500);

/// Why a screen ended without being left.
#[derive(Debug, Error)]
pub enum TuiError {
    /// Input or output is no terminal.
    #[error("the desk needs a terminal: run it in one, or use `topicdesk queue`, `show` and `reply` in scripts")]
    NoTerminal,
    /// In the background of its terminal.
    #[error("the desk is in the background of its terminal: bring it to the front with `fg`")]
    Background,
    /// The terminal failed.
    #[error("the terminal failed")]
    Terminal(#[from] io::Error),
    /// The terminal is gone; what was being written has been saved.
    #[error("the terminal is gone; drafts are saved")]
    HungUp {
        /// What is to be restored the next time.
        state: String,
    },
    /// The agent has left a desk that does not answer.
    #[error("the desk has not answered what was done last: it may not have been done")]
    Unanswered {
        /// What is to be restored the next time.
        state: String,
    },
    /// A signal asked to end; what was being written has been saved.
    #[error("ended by a signal; drafts are saved")]
    Ended {
        /// The number of the signal.
        signal: i32,
        /// What is to be restored the next time.
        state: String,
    },
}

impl TuiError {
    /// Tells the exit code: 2 where the desk cannot run, 1 for a terminal that failed, or 128 and the number of the signal.
    pub fn exit_code(&self) -> i32 {
        match self {
            TuiError::Terminal(_) | TuiError::Unanswered { .. } => 1,
            TuiError::NoTerminal | TuiError::Background => 2,
            TuiError::HungUp { .. } => 129,
            TuiError::Ended { signal, .. } => 128 + signal,
        }
    }

    /// Tells what is to be restored the next time, if the screen had been open.
    pub fn state(&self) -> Option<&str> {
        match self {
            TuiError::HungUp { state } | TuiError::Ended { state, .. } | TuiError::Unanswered { state } => Some(state),
            _ => None,
        }
    }
}

/// Gives the terminal back, however the loop ends.
struct Restored;

impl Drop for Restored {
    fn drop(&mut self) {
        terminal::leave();
    }
}

/// Tells whether a screen can be opened here, before anything else is begun.
///
/// # Errors
/// Input or output is no terminal, or somebody else has it.
pub fn check_terminal() -> Result<(), TuiError> {
    terminal::fit().map_err(|unfit| match unfit {
        Unfit::NoTerminal => TuiError::NoTerminal,
        Unfit::Background => TuiError::Background,
    })
}

/// Opens the screen on this terminal and works the desk until the agent leaves. Gives what is to be restored the next time. `reread`
/// tells how `desk.toml` is when there is another engine.
///
/// # Errors
/// No terminal, a terminal that failed or is gone, or a signal; see [`TuiError`].
pub async fn run(
    handle: Handle,
    setup: Setup,
    reread: impl Fn() -> Reread + Send + Sync + 'static,
) -> Result<String, TuiError> {
    check_terminal()?;
    let size = terminal::size();
    let mouse = setup.mouse;
    let sitting = handle.sit();
    let mut model = Model::new(setup, handle.agent().clone(), sitting.screen(), size);
    if std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()) {
        model.colour = false;
        model.theme = model.theme.without_colour();
    }
    let (tell, heard) = unbounded_channel();
    let keyboard = Keyboard::start(move |what| tell.send(what).is_ok())?;
    terminal::enter(mouse)?;
    let restored = Restored;
    let (signals, inbox) = unbounded_channel();
    let commands = submitter(handle.clone(), signals.clone());
    let reads = asker(handle.clone(), signals.clone());
    let seat = Seat {
        model,
        handle,
        screen: Screen::new(size, Tty)?,
        keyboard,
        mouse,
        signals,
        commands,
        reads,
        reread: Arc::new(reread),
        timers: BTreeMap::new(),
        drawn: None,
        pace: FRAME,
        left: false,
        away: false,
    };
    let ended = seat.work(inbox, heard).await;
    drop(sitting);
    drop(restored);
    ended
}

enum End {
    Signal(i32),
    HungUp,
}

struct Seat {
    model: Model,
    handle: Handle,
    screen: Screen<Tty>,
    keyboard: Keyboard,
    mouse: bool,
    signals: UnboundedSender<Signal>,
    commands: UnboundedSender<(u64, Command)>,
    reads: UnboundedSender<(ReadTag, ViewRequest)>,
    reread: Arc<dyn Fn() -> Reread + Send + Sync>,
    timers: BTreeMap<Timer, Instant>,
    drawn: Option<Instant>,
    pace: Duration,
    left: bool,
    away: bool,
}

impl Seat {
    async fn work(
        mut self,
        mut inbox: UnboundedReceiver<Signal>,
        mut heard: UnboundedReceiver<Heard>,
    ) -> Result<String, TuiError> {
        let ended = match self.attend(&mut inbox, &mut heard).await {
            // A frame may find out sooner than the keyboard that nobody is there any more.
            Err(error) if error.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error()) => Ok(Some(End::HungUp)),
            other => other,
        };
        if let Ok(Some(end)) = &ended {
            // Whatever hangs must not keep a process without a terminal alive.
            let code = match end {
                End::Signal(number) => 128 + number,
                End::HungUp => 129,
            };
            std::thread::spawn(move || {
                std::thread::sleep(Duration::from_secs(2));
                std::process::exit(code);
            });
            if !matches!(end, End::HungUp) {
                terminal::leave();
            }
        }
        self.last_words(&mut inbox).await;
        let state = restore::save(&self.model);
        let unanswered = self.model.unheard(Duration::ZERO);
        match ended? {
            None if unanswered > 0 => Err(TuiError::Unanswered { state }),
            None => Ok(state),
            Some(End::HungUp) => Err(TuiError::HungUp { state }),
            Some(End::Signal(signal)) => Err(TuiError::Ended { signal, state }),
        }
    }

    /// Takes signals and draws until the agent leaves or is made to.
    async fn attend(
        &mut self,
        inbox: &mut UnboundedReceiver<Signal>,
        heard: &mut UnboundedReceiver<Heard>,
    ) -> io::Result<Option<End>> {
        let mut revisions = self.handle.watch();
        let mut desk_runs = true;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut hangup = signal(SignalKind::hangup())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut resized = signal(SignalKind::window_change())?;
        let mut stop = signal(SignalKind::from_raw(rustix::process::Signal::TSTP.as_raw()))?;
        let mut reload = signal(SignalKind::user_defined1())?;
        let mut goes_on = signal(SignalKind::from_raw(rustix::process::Signal::CONT.as_raw()))?;
        let mut ended = None;
        let mut keyed = None;
        self.feed(Signal::Start).await?;
        while !self.left && ended.is_none() {
            let due = self.due(keyed);
            if due.is_some_and(|due| due <= Instant::now()) {
                self.draw()?;
                continue;
            }
            let wake = self.timers.values().min().copied().into_iter().chain(due).min();
            tokio::select! {
                biased;
                what = heard.recv() => match what {
                    Some(Heard::Inputs(inputs)) => {
                        keyed = Some(Instant::now());
                        if view::is_too_small(self.model.size) {
                            // The window may have become larger before the key, and the signal comes after it.
                            let (columns, rows) = terminal::size();
                            self.feed(Signal::Resize(columns, rows)).await?;
                        }
                        for input in inputs {
                            self.feed(Signal::Input(input)).await?;
                        }
                    }
                    Some(Heard::HungUp) | None => ended = Some(End::HungUp),
                },
                _ = terminate.recv() => ended = Some(End::Signal(15)),
                _ = interrupt.recv() => ended = Some(End::Signal(2)),
                _ = hangup.recv() => ended = Some(End::HungUp),
                _ = stop.recv() => self.suspend()?,
                _ = reload.recv() => self.feed(Signal::Reload).await?,
                _ = goes_on.recv() => {
                    // The shell has had the terminal in between.
                    self.away = false;
                    self.come_back()?;
                    self.feed(Signal::Resumed).await?;
                }
                _ = resized.recv() => {
                    let (columns, rows) = terminal::size();
                    self.feed(Signal::Resize(columns, rows)).await?;
                }
                Some(what) = inbox.recv() => self.feed(what).await?,
                revision = revisions.next(), if desk_runs => match revision {
                    Some(revision) => self.feed(Signal::Revision(revision)).await?,
                    None => {
                        desk_runs = false;
                        self.feed(Signal::Stopped).await?;
                    }
                },
                () = sleep_until(wake) => {
                    let now = Instant::now();
                    let over: Vec<Timer> =
                        self.timers.iter().filter(|(_, at)| **at <= now).map(|(timer, _)| *timer).collect();
                    for timer in over {
                        self.timers.remove(&timer);
                        self.feed(Signal::Timer(timer)).await?;
                    }
                }
            }
        }
        Ok(ended)
    }

    /// Saves what is being written, and waits until all commands have been answered.
    async fn last_words(&mut self, inbox: &mut UnboundedReceiver<Signal>) {
        for timer in [Timer::Draft, Timer::Seen] {
            for effect in update(&mut self.model, Signal::Timer(timer)) {
                if let Effect::Submit(tag, command) = effect {
                    self.submit(tag, command);
                }
            }
        }
        let until = tokio::time::Instant::now() + LAST_WORDS;
        while !self.model.submitted.is_empty() {
            match tokio::time::timeout_at(until, inbox.recv()).await {
                Ok(Some(Signal::Settled(tag, _))) => drop(self.model.submitted.remove(&tag)),
                Ok(Some(_)) => {}
                Ok(None) | Err(_) => break,
            }
        }
    }

    /// Tells when the next frame is due; `None`: nothing has changed. `keyed`: when the last key came.
    fn due(&self, keyed: Option<Instant>) -> Option<Instant> {
        if !self.model.dirty || self.away {
            return None;
        }
        if self.model.at_once {
            return Some(Instant::now());
        }
        // A key is shown, and so is what it leads to; a line that is slow need not show it in many steps.
        let waited_for = match (keyed, self.drawn) {
            (Some(key), Some(drawn)) => key >= drawn || self.pace <= FRAME && key.elapsed() < ANSWERED,
            (key, _) => key.is_some(),
        };
        let pace = if waited_for { FRAME_AFTER_KEY } else { self.pace };
        Some(self.drawn.map_or_else(Instant::now, |drawn| drawn + pace))
    }

    fn draw(&mut self) -> io::Result<()> {
        self.model.dirty = false;
        self.model.at_once = false;
        let began = Instant::now();
        let model = &mut self.model;
        self.screen.draw(model.size, |frame| view::draw(model, frame))?;
        let now = Instant::now();
        // A line that is slow to take a frame gets fewer of them.
        let slow = now - began > Duration::from_millis(50);
        // The first frame is empty: what there is to see comes right behind it.
        let first = self.drawn.is_none();
        self.pace = match (slow, first) {
            (true, _) => (self.pace * 2).min(Duration::from_millis(500)),
            (false, true) => FRAME_AFTER_KEY,
            (false, false) => FRAME,
        };
        self.drawn = Some(now);
        Ok(())
    }

    fn submit(&mut self, tag: u64, command: Command) {
        // Whoever carries them to the desk is there as long as the screen.
        let _gone = self.commands.send((tag, command));
    }

    async fn feed(&mut self, what: Signal) -> io::Result<()> {
        let mut waiting = vec![what];
        while let Some(what) = waiting.pop() {
            for effect in update(&mut self.model, what) {
                match effect {
                    // The screen may have been left meanwhile.
                    Effect::Read(tag, request) => drop(self.reads.send((tag, request))),
                    Effect::Submit(tag, command) => self.submit(tag, command),
                    Effect::Timer(timer, after) => {
                        self.timers.insert(timer, Instant::now() + after);
                    }
                    Effect::Bell | Effect::Title(_) if self.away => {}
                    Effect::Bell => self.screen.write(b"\x07")?,
                    Effect::Title(title) => self.screen.write(format!("\x1b]2;{title}\x07").as_bytes())?,
                    Effect::Copy(text) => self.copy(text),
                    Effect::Launch(what) => self.launch(what),
                    Effect::Save(file, to, overwrite) => {
                        let (handle, signals) = (self.handle.clone(), self.signals.clone());
                        tokio::spawn(async move {
                            let outcome = handle.save(file.clone(), to.clone().into(), overwrite).await;
                            // The screen may have been left meanwhile.
                            drop(signals.send(Signal::Saved(file, to, outcome)));
                        });
                    }
                    Effect::Attach(ticket, path) => {
                        let (handle, signals) = (self.handle.clone(), self.signals.clone());
                        tokio::spawn(async move {
                            let outcome = handle.attach(path.into()).await;
                            drop(signals.send(Signal::Attached(ticket, outcome)));
                        });
                    }
                    Effect::Detach(file) => self.handle.detach(&file),
                    Effect::Operate(request) => {
                        let (handle, signals) = (self.handle.clone(), self.signals.clone());
                        tokio::spawn(async move {
                            let outcome = handle.operate(request.clone()).await;
                            drop(signals.send(Signal::Operated(request, outcome)));
                        });
                    }
                    Effect::Reread => {
                        let (reread, signals) = (self.reread.clone(), self.signals.clone());
                        tokio::task::spawn_blocking(move || drop(signals.send(Signal::Reread(Box::new(reread())))));
                    }
                    Effect::Repaint => {
                        if self.mouse != self.model.setup.mouse {
                            self.mouse = self.model.setup.mouse;
                            self.come_back()?;
                        }
                        self.screen.forget()?;
                        self.model.dirty = true;
                    }
                    Effect::Suspend => self.suspend()?,
                    Effect::Editor(text) => {
                        let edited = self.edit(text).await?;
                        waiting.push(Signal::Resumed);
                        waiting.push(Signal::Edited(edited));
                    }
                    Effect::Quit => self.left = true,
                }
            }
        }
        Ok(())
    }

    /// Stops the job. Other threads may run on for a moment, so nothing is written until SIGCONT has come.
    fn suspend(&mut self) -> io::Result<()> {
        terminal::leave();
        self.away = true;
        terminal::stop()
    }

    fn come_back(&mut self) -> io::Result<()> {
        terminal::leave();
        terminal::enter(self.mouse)?;
        self.model.size = terminal::size();
        self.screen.forget()
    }

    fn copy(&mut self, text: String) {
        let signals = self.signals.clone();
        if std::env::var_os("TMUX").is_some() {
            tokio::task::spawn_blocking(move || {
                drop(
                    signals
                        .send(Signal::Copied(clipboard::tmux(&text).map(|()| "sent to tmux's clipboard".to_owned()))),
                );
            });
            return;
        }
        let outcome = terminal::osc52(&text).and_then(|sequence| {
            self.screen.write(&sequence).map_err(|why| why.to_string())?;
            Ok("sent to the terminal's clipboard".to_owned())
        });
        drop(signals.send(Signal::Copied(outcome)));
    }

    /// Starts what opens files and links, and goes on.
    fn launch(&self, what: Launch) {
        let (command, signals) = (self.model.setup.open_command.clone(), self.signals.clone());
        tokio::task::spawn_blocking(move || drop(signals.send(Signal::Launched(opener::launch(&command, &what)))));
    }

    /// Writes a text in $EDITOR, which has the terminal meanwhile.
    async fn edit(&mut self, text: String) -> io::Result<Result<String, String>> {
        self.keyboard.pause();
        terminal::leave();
        let edited = tokio::task::spawn_blocking(move || editor::write(&text)).await;
        let back = self.come_back();
        self.keyboard.resume();
        back?;
        Ok(edited.unwrap_or_else(|why| Err(why.to_string())))
    }
}

async fn sleep_until(wake: Option<Instant>) {
    match wake {
        Some(wake) => tokio::time::sleep_until(wake.into()).await,
        None => std::future::pending().await,
    }
}
