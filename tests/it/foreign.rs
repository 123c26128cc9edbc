//! Telethon, unchanged, against the sandbox: `tests/foreign/telethon.py` with whatever Python has it.

use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::support::client::sandbox;

/// Finds a Python with Telethon: the one named by `TOPICDESK_PYTHON`, or `python3`.
fn python() -> Option<String> {
    let name = std::env::var("TOPICDESK_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let import = Command::new(&name).args(["-c", "import telethon"]).stderr(Stdio::null()).status();
    import.is_ok_and(|status| status.success()).then_some(name)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn telethon_finds_nothing_amiss() {
    let Some(python) = python() else {
        // Past the test harness, which would swallow it.
        let _ = std::io::stderr().write_all(
            b"SKIPPED: no Python with Telethon; `pip install telethon==1.45.0` or name one in TOPICDESK_PYTHON\n",
        );
        return;
    };
    let server = sandbox(|_| {}).await;
    let line = serde_json::to_string(server.announcement()).expect("serialises");
    let output = tokio::task::spawn_blocking(move || {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/foreign/telethon.py");
        let mut child = Command::new(python)
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            writeln!(stdin, "{line}")?;
        }
        child.wait_with_output()
    });
    let output = output.await.expect("no panic").expect("python runs");
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && out.contains("ok: all"), "Telethon objects:\n{out}\n{err}");
}
