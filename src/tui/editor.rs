//! Writing in a program of the agent's own.

use std::io::{self, Write};

/// Runs $VISUAL or $EDITOR on a private file and reads it back.
pub(super) fn write(text: &str) -> Result<String, String> {
    let command = ["VISUAL", "EDITOR"]
        .iter()
        .filter_map(|name| std::env::var(name).ok())
        .find(|command| !command.trim().is_empty())
        .unwrap_or_else(|| "vi".to_owned());
    let mut words = command.split_whitespace();
    let program = words.next().unwrap_or("vi");
    let failed = |why: io::Error| format!("{program}: {why}");
    let folder = std::env::var_os("XDG_RUNTIME_DIR").map_or_else(std::env::temp_dir, std::path::PathBuf::from);
    // Made with mode 0600, and gone when it is dropped.
    let mut file = tempfile::Builder::new().prefix("reply-").suffix(".md").tempfile_in(folder).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    file.flush().map_err(failed)?;
    let status = std::process::Command::new(program).args(words).arg(file.path()).status().map_err(failed)?;
    if !status.success() {
        return Err(format!("{program} ended with an error: the text is as it was"));
    }
    std::fs::read_to_string(file.path()).map_err(failed)
}
