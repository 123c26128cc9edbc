//! Opening files and links outside of the terminal: a program with arguments, never a shell.

use std::io::ErrorKind;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::effect::Launch;

/// So long a program is watched: one that cannot open a thing says so soon.
const WATCHED: Duration = Duration::from_millis(1500);

/// Starts `command`, or what the system has for it, on a file or a link; tells in words what came of it. Waits a second or two.
pub(super) fn launch(command: &[String], what: &Launch) -> Result<String, String> {
    let (argument, where_it_is, short) = match what {
        Launch::File(path) => {
            let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
            (path.as_os_str().to_owned(), format!("the file is {}", path.display()), name)
        }
        Launch::Link(link) => (link.into(), link.clone(), link.clone()),
    };
    let words = match command {
        [] => systems(),
        given => Some(given.to_vec()),
    };
    let Some((program, arguments)) = words.as_deref().and_then(<[String]>::split_first) else {
        return Err(format!("there is no screen to open it on: {where_it_is}"));
    };
    let mut started = Command::new(program);
    // A group of its own: Ctrl-C here does not end it, nor does it share the terminal.
    started.args(arguments).arg(argument).process_group(0);
    started.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = started.spawn().map_err(|error| match error.kind() {
        ErrorKind::NotFound => format!("there is no {program} here: {where_it_is}"),
        _ => format!("{program}: {error}; {where_it_is}"),
    })?;
    let until = Instant::now() + WATCHED;
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => break,
            Ok(Some(_)) => return Err(format!("{program} could not open it: {where_it_is}")),
            Ok(None) if Instant::now() < until => std::thread::sleep(Duration::from_millis(30)),
            Ok(None) | Err(_) => {
                // It shows the thing itself: whoever waits for it is in nobody's way.
                std::thread::spawn(move || drop(child.wait()));
                break;
            }
        }
    }
    Ok(format!("opened {short}"))
}

/// Tells what the system opens things with; `None` where nobody would see it, as over SSH.
fn systems() -> Option<Vec<String>> {
    if cfg!(target_os = "macos") {
        return Some(vec!["open".to_owned()]);
    }
    let seen =
        ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| std::env::var_os(name).is_some_and(|it| !it.is_empty()));
    seen.then(|| vec!["xdg-open".to_owned()])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link() -> Launch {
        Launch::Link("https://example.org/$(reboot)".to_owned())
    }

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn a_program_gets_the_thing_as_one_argument_and_no_shell_sees_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("$(touch evil) ;a.txt");
        std::fs::write(&file, b"x").expect("writes");
        let copy = folder.path().join("copy");
        let command = words(&["cp", "-t", &folder.path().join("to").display().to_string()]);
        std::fs::create_dir(folder.path().join("to")).expect("makes");
        assert_eq!(launch(&command, &Launch::File(file)), Ok("opened $(touch evil) ;a.txt".to_owned()));
        assert!(folder.path().join("to/$(touch evil) ;a.txt").exists() && !copy.exists());
    }

    #[test]
    fn what_cannot_be_opened_is_said_with_its_place() {
        let error = launch(&words(&["/no/such/program"]), &link()).expect_err("no program");
        assert_eq!(error, "there is no /no/such/program here: https://example.org/$(reboot)");
        let error = launch(&words(&["false"]), &Launch::File("/tmp/a.pdf".into())).expect_err("fails");
        assert_eq!(error, "false could not open it: the file is /tmp/a.pdf");
    }
}
