//! Files as people meet them: names that nobody can misuse, what may be opened by itself, how much can be sent.

use serde::{Deserialize, Serialize};

use super::ids::MessageId;
use super::thread::{Content, Media};
use crate::clock::Timestamp;

/// The longest name, in bytes: file systems take 255, and a cache and a browser put something before and after.
const LONGEST: usize = 200;
/// Telegram takes 4000 parts of 512 KiB.
pub const MOST: u64 = 4000 * (512 << 10);

/// Names that mean a device on Windows, whatever comes after a dot.
const RESERVED: [&str; 6] = ["con", "prn", "aux", "nul", "com", "lpt"];

/// What programs only show. Everything else may be a program itself, and is saved but never opened from here.
const SHOWN: [&str; 43] = [
    "avif", "bmp", "csv", "doc", "docx", "eml", "epub", "flac", "gif", "heic", "ics", "jpeg", "jpg", "json", "log",
    "m4a", "md", "mkv", "mov", "mp3", "mp4", "oga", "odp", "ods", "odt", "ogg", "opus", "pdf", "png", "ppt", "pptx",
    "rtf", "tif", "tiff", "txt", "vcf", "wav", "webm", "webp", "xls", "xlsx", "xml", "yaml",
];

/// A file of a message: what can be known before it is downloaded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileFacts {
    /// What it is called when it is saved.
    pub name: String,
    /// Bytes, as Telegram says; 0 if it does not.
    pub size: u64,
}

/// A file that leaves with a reply: it lies with the desk's own files since the agent chose it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// Its name among the desk's files.
    pub stored: String,
    /// What it is called.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// When the desk's copy was written.
    pub written: Timestamp,
}

impl Attachment {
    /// Describes it as the message will.
    pub fn media(&self) -> Media {
        Media::File { name: self.name.clone(), size: self.size, mime: mime(&self.name).to_owned() }
    }
}

/// Tells the file of a message; `None` if there is nothing to download.
pub fn file_of(content: &Content, message: MessageId) -> Option<FileFacts> {
    let Content::Post(post) = content else { return None };
    let plain = |what: &str, extension: &str| format!("{what}-{message}.{extension}");
    let (name, size) = match post.media.as_ref()? {
        Media::Photo { size, .. } => (plain("photo", "jpg"), *size),
        Media::Video { name: Some(name), size, .. } => (name.clone(), *size),
        Media::Video { size, .. } => (plain("video", "mp4"), *size),
        Media::VideoNote { size, .. } => (plain("video-note", "mp4"), *size),
        Media::Voice { size, .. } => (plain("voice", "ogg"), *size),
        Media::Audio { title: Some(title), size, .. } if extension(title).is_some() => (title.clone(), *size),
        Media::Audio { title: Some(title), size, .. } => (format!("{title}.mp3"), *size),
        Media::Audio { size, .. } => (plain("audio", "mp3"), *size),
        Media::Animation { size } => (plain("animation", "mp4"), *size),
        Media::File { name, size, .. } => (name.clone(), *size),
        Media::Sticker { .. }
        | Media::Contact { .. }
        | Media::Location { .. }
        | Media::LiveLocation { .. }
        | Media::Poll { .. }
        | Media::Dice { .. }
        | Media::Other { .. } => return None,
    };
    Some(FileFacts { name: safe_name(&name, &format!("file-{message}")), size })
}

/// Makes a name safe for every file system and for every program that gets it as an argument: no separators, control characters or
/// characters that change the direction or cannot be seen, no dot or dash in front, no device of Windows, at most 200 bytes with the
/// extension kept. `otherwise` stands in for a name of which nothing is left. A safe name stays as it is.
pub fn safe_name(raw: &str, otherwise: &str) -> String {
    let mut name = String::new();
    for c in raw.chars() {
        match c {
            '/' | '\\' | '<' | '>' | ':' | '"' | '|' | '?' | '*' => name.push('_'),
            c if c.is_control() || unseen(c) => {}
            c if c.is_whitespace() => name.push(' '),
            c => name.push(c),
        }
    }
    let ends = |c: char| c == ' ' || c == '.';
    let mut name = name.trim_matches(ends).to_owned();
    if name.starts_with('-') || name.starts_with('~') {
        name.replace_range(..1, "_");
    }
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_lowercase();
    let device = stem.trim_end_matches(|c: char| c.is_ascii_digit() || "¹²³".contains(c));
    let numbered = device.len() < stem.len();
    if RESERVED.contains(&device) && numbered == matches!(device, "com" | "lpt") {
        name.insert(0, '_');
    }
    if name.len() > LONGEST {
        let tail = extension(&name).map(|extension| format!(".{extension}")).unwrap_or_default();
        let mut end = LONGEST - tail.len();
        while !name.is_char_boundary(end) {
            end -= 1;
        }
        name = format!("{}{tail}", name[..end].trim_end_matches(ends));
    }
    if name.is_empty() { otherwise.to_owned() } else { name }
}

/// Bidirectional controls, zero-width characters, and others that make a name look like another one.
fn unseen(c: char) -> bool {
    matches!(c,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
        | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}'
        | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFD}' | '\u{E0000}'..='\u{E0FFF}')
}

fn extension(name: &str) -> Option<&str> {
    let (stem, extension) = name.rsplit_once('.')?;
    let fits = (1..=16).contains(&extension.len()) && extension.chars().all(|c| c.is_ascii_alphanumeric());
    (fits && !stem.is_empty()).then_some(extension)
}

/// Tells whether a file of this name may be opened by whatever the system opens such files with: it is shown, and not run.
pub fn may_open(name: &str) -> bool {
    extension(name).is_some_and(|extension| SHOWN.contains(&extension.to_lowercase().as_str()))
}

/// Tells the MIME type that is said of a file that is sent.
pub fn mime(name: &str) -> &'static str {
    match extension(name).map(str::to_lowercase).as_deref() {
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("png") => "image/png",
        Some("gif") => "image/gif",
        Some("webp") => "image/webp",
        Some("pdf") => "application/pdf",
        Some("txt" | "log" | "md") => "text/plain",
        Some("csv") => "text/csv",
        Some("json") => "application/json",
        Some("zip") => "application/zip",
        Some("mp4") => "video/mp4",
        Some("mp3") => "audio/mpeg",
        Some("ogg" | "oga") => "audio/ogg",
        Some("doc") => "application/msword",
        Some("docx") => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        Some("xls") => "application/vnd.ms-excel",
        Some("xlsx") => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        _ => "application/octet-stream",
    }
}

/// Tells a size for people: `142 KB`, `1.5 MB`.
pub fn size_text(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} KB", bytes / 1_000),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_that_would_do_harm_are_made_harmless() {
        for (raw, safe) in [
            ("invoice.pdf", "invoice.pdf"),
            ("Счёт № 7.pdf", "Счёт № 7.pdf"),
            ("../../etc/passwd", "_.._etc_passwd"),
            ("C:\\Windows\\x.exe", "C__Windows_x.exe"),
            (".bashrc", "bashrc"),
            ("...", "file"),
            ("", "file"),
            (" . ", "file"),
            ("-rf", "_rf"),
            ("~root", "_root"),
            ("a\u{0}b\u{1b}[31m.txt", "ab[31m.txt"),
            ("invoice\u{202e}fdp.exe", "invoicefdp.exe"),
            ("a\u{200b}\u{feff}.txt", "a.txt"),
            ("a\nb\tc.txt", "abc.txt"),
            ("con", "_con"),
            ("CON.txt", "_CON.txt"),
            ("com1.tar.gz", "_com1.tar.gz"),
            ("LPT9", "_LPT9"),
            ("com", "com"),
            ("con2.txt", "con2.txt"),
            ("command.txt", "command.txt"),
            ("name. . ", "name"),
            ("what?.txt", "what_.txt"),
            ("\u{2028}x.txt", "x.txt"),
        ] {
            assert_eq!(safe_name(raw, "file"), safe, "{raw:?}");
        }
        let long = safe_name(&format!("{}.pdf", "ї".repeat(300)), "file");
        assert!(long.len() <= LONGEST && long.ends_with("ї.pdf"), "{long}");
        assert!(safe_name(&"x".repeat(300), "file").len() == LONGEST);
    }

    #[test]
    fn only_what_is_shown_is_opened() {
        for name in ["a.pdf", "a.PNG", "фото.jpg", "a.b.txt"] {
            assert!(may_open(name), "{name}");
        }
        for name in ["a", "a.exe", "a.desktop", "a.sh", "a.html", "a.pdf.js", "a.svg", "pdf", ".pdf"] {
            assert!(!may_open(name), "{name}");
        }
    }

    proptest! {
        #[test]
        fn a_safe_name_is_one_part_of_a_path_and_stays_as_it_is(
            raw in ".{0,300}|[\\x00-\\x20./\\\\:~\u{200b}-\u{202e}a-c-]{0,40}|(con|COM1|lpt|NUL)[. 0-9a]{0,4}|[яa.]{150,260}",
        ) {
            let name = safe_name(&raw, "file");
            let path = std::path::Path::new(&name);
            prop_assert!(path.components().count() == 1 && path.file_name().is_some_and(|own| own == name.as_str()));
            prop_assert!(name.len() <= LONGEST && !name.starts_with(['.', '-', '~', ' ']) && !name.ends_with(['.', ' ']));
            prop_assert!(name.chars().all(|c| !c.is_control() && !unseen(c) && !"/\\<>:\"|?*".contains(c)));
            prop_assert_eq!(safe_name(&name, "file"), name.clone());
        }
    }
}
