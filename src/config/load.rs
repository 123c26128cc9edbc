//! From the text of `desk.toml` to a [`Config`].

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use toml::Spanned;

use super::reader::{Item, Reader, Section};
use super::routing::Around;
use super::{After, Config, ConfigError, Files, Group, KeySetting, Sandbox, Telegram, Tui, bytes, words};
use crate::desk::ids::TopicId;
use crate::desk::language::is_code;
use crate::desk::rules::Rules;
use crate::desk::secret::Secret;

/// Reads a `desk.toml`.
///
/// # Errors
/// The file cannot be read, contains mistakes (all of them are told), or holds a secret and can be read by others.
pub fn load(path: &Path) -> Result<Config, ConfigError> {
    let unreadable = |source| ConfigError::Unreadable { path: path.to_owned(), source };
    let text = super::utf8::read(path).map_err(unreadable)?;
    let mode = std::fs::metadata(path).map_err(unreadable)?.permissions().mode();
    let mut config = from_text(&path.display().to_string(), &text, path.parent())?;
    config.file = Some(path.to_owned());
    let inline = text.lines().any(|line| line.trim_start().starts_with("api_hash") && !line.contains("api_hash_file"));
    if mode & 0o077 != 0 {
        match &config.telegram.sandbox {
            // A sandbox on this machine has made-up accounts.
            Some(sandbox) if sandbox.address.ip().is_loopback() => {}
            None if config.telegram.api_hash.is_none() || !inline => {}
            _ => return Err(ConfigError::Exposed(path.display().to_string())),
        }
    }
    Ok(config)
}

/// Reads the text of a `desk.toml`; `file` is named in errors, paths in the text are relative to `folder`.
///
/// # Errors
/// All mistakes that the text contains.
pub fn from_text(file: &str, text: &str, folder: Option<&Path>) -> Result<Config, ConfigError> {
    let mut reader = Reader::new(file, text);
    let Some(table) = reader.parse() else { return Err(ConfigError::Wrong(reader.problems)) };
    let root = Section::root(&table);
    reader.check_keys(&root);
    let config = config(&mut reader, &root, folder);
    if reader.problems.is_empty() {
        return Ok(config);
    }
    // Those of the file itself first, then those of the files it names.
    reader.problems.sort_by_key(|problem| (problem.file != file, problem.line, problem.column));
    Err(ConfigError::Wrong(reader.problems))
}

/// Reads only the keys of the screen out of the text of a `desk.toml`, whatever else is wrong with it; none if it is no TOML.
pub fn keys_in(file: &str, text: &str) -> Vec<KeySetting> {
    let mut reader = Reader::new(file, text);
    let table = reader.parse();
    table.map(|table| keys(&mut reader, &Section::root(&table))).unwrap_or_default()
}

fn config<'t>(reader: &mut Reader<'t>, root: &Section<'_, 't>, folder: Option<&Path>) -> Config {
    let mut warnings = Vec::new();
    let desk = reader.section(root, "desk");
    reader.check_keys(&desk);
    let mut rules = rules(reader, root);
    outbox(reader, root, &mut rules);
    rules.guard = reader.guard(root);
    let files = files(reader, root, &mut rules);
    let hooks = reader.hooks(root);
    if let Some(name) = reader.line(&desk, "name") {
        rules.desk_name = name.into_inner();
    }
    let seat_group = reader.placed(&desk, "socket_group");
    rules.timezone = reader.timezone(&desk, "timezone");
    (rules.staff, rules.authorities) = reader.staff(root);
    rules.signatures = reader.signatures(root, &desk);
    let zone = rules.timezone.as_deref().and_then(|name| name.parse().ok()).unwrap_or(chrono_tz::UTC);
    let section = reader.section(root, "telegram");
    let groups = reader.groups(root, &section);
    rules.groups = groups.iter().map(Group::given).collect();
    rules.queues = reader.queues(root, zone, &rules.staff.agents, &rules.groups);
    // "Thanks Mia!" is a mere thanks too.
    rules.thanks = words::thanks().with_names(rules.staff.agents.iter().map(|agent| agent.name.0.as_str()));
    let hours = reader.hours(root, rules.timezone.as_deref(), folder);
    let language = language(reader, &desk);
    reader.automatic(root, &mut rules, &hours, &language, &mut warnings);
    rules.sla = reader.sla(root, hours, zone, &rules.staff.agents, &rules.groups);
    let around = Around { agents: &rules.staff.agents, groups: &rules.groups, hours: &rules.sla.hours, zone };
    rules.routing = reader.routing(root, &around);
    rules.upset = words::upset();
    rules.escalations = reader.escalations(root, &rules, zone, &mut warnings);
    rules.pilot = reader.flag(&desk, "pilot").unwrap_or(false);
    rules.typing = reader.flag(&section, "typing");
    rules.mirror_status = reader.mirror_status(&section, &language, &mut warnings);
    let telegram = telegram(reader, &section, folder, groups);
    rules.escalations.staff_chat = reader.staff_chat(&section, telegram.groups.iter().map(|group| &group.choice));
    let knowledge = reader.knowledge(root, folder, &language);
    let tui = tui(reader, root);
    let keys = keys(reader, root);
    Config { file: None, warnings, rules, language, seat_group, telegram, hooks, files, knowledge, tui, keys }
}

fn language<'t>(reader: &mut Reader<'t>, desk: &Section<'_, 't>) -> String {
    let Some(text) = reader.text(desk, "language") else { return "en".to_owned() };
    if !is_code(text.get_ref()) {
        reader.wrong(text.span().start, "`desk.language` must be a language's code like \"en\", \"uk\" or \"pt-BR\"");
    }
    text.into_inner()
}

fn rules<'t>(reader: &mut Reader<'t>, root: &Section<'_, 't>) -> Rules {
    let section = reader.section(root, "rules");
    let import = reader.section(&section, "import");
    reader.check_keys(&section);
    reader.check_keys(&import);
    let mut rules = Rules::default();
    for item in reader.items(&section, "ignore_topics") {
        match item.get_ref() {
            Item::Number(id) => match i32::try_from(*id) {
                Ok(id) if id > 0 => rules.ignore_topics.push(TopicId(id)),
                _ => reader.wrong(item.span().start, format!("{id} is no topic's id")),
            },
            Item::Text(pattern) => rules.ignore_titles.push(pattern.clone()),
        }
    }
    for (key, field) in [
        ("keep_assignee", &mut rules.keep_assignee),
        ("thanks_window", &mut rules.thanks_window),
        ("undo_send", &mut rules.undo_send),
        ("undo_window", &mut rules.undo_window),
    ] {
        if let Some(Some(span)) = reader.span(&section, key, false) {
            *field = span;
        }
    }
    rules.keep_deleted_text = reader.flag(&section, "keep_deleted_text").unwrap_or(rules.keep_deleted_text);
    if let Some(Some(span)) = reader.span(&import, "max_age", false) {
        rules.import_max_age = span;
    }
    for (key, field) in [
        ("auto_close_after", &mut rules.auto_close_after),
        ("alert_after", &mut rules.alert_after),
        ("auto_pending_after", &mut rules.auto_pending_after),
        ("auto_resolve_pending_after", &mut rules.auto_resolve_pending_after),
    ] {
        if let Some(span) = reader.span(&section, key, true) {
            *field = span;
        }
    }
    rules
}

fn outbox<'t>(reader: &mut Reader<'t>, root: &Section<'_, 't>, rules: &mut Rules) {
    let section = reader.section(root, "outbox");
    reader.check_keys(&section);
    for (key, least, field) in [("per_minute", 0, &mut rules.pace.per_minute), ("burst", 1, &mut rules.pace.burst)] {
        let wanted = format!("a whole number from {least} up");
        let Some(number) = reader.integer(&section, key, &wanted) else { continue };
        match u32::try_from(*number.get_ref()) {
            Ok(number) if number >= least => *field = number,
            _ => reader.wrong(number.span().start, format!("`outbox.{key}` must be {wanted}")),
        }
    }
    if let Some(span) = reader.span(&section, "ask_after_offline", true) {
        rules.ask_after_offline = span;
    }
}

fn files<'t>(reader: &mut Reader<'t>, root: &Section<'_, 't>, rules: &mut Rules) -> Files {
    let section = reader.section(root, "files");
    reader.check_keys(&section);
    if let Some(text) = reader.line(&section, "cache") {
        match bytes::parse(text.get_ref()) {
            Some(bytes) => rules.cache = bytes,
            None => {
                let given = text.get_ref().escape_debug();
                let what = format!("`files.cache` is `{given}`: write it like \"500 MB\" or \"2 GB\"");
                reader.wrong(text.span().start, what);
            }
        }
    }
    let mut open_command = Vec::new();
    for item in reader.items(&section, "open_command") {
        match item.into_inner() {
            Item::Text(word) => open_command.push(word),
            Item::Number(number) => open_command.push(number.to_string()),
        }
    }
    Files { open_command, save_to: reader.line(&section, "save_to").map(Spanned::into_inner) }
}

fn telegram<'t>(
    reader: &mut Reader<'t>,
    section: &Section<'_, 't>,
    folder: Option<&Path>,
    groups: Vec<Group>,
) -> Telegram {
    reader.check_keys(section);
    let api_id = reader.integer(section, "api_id", "the number from https://my.telegram.org").and_then(|id| {
        let fits = i32::try_from(*id.get_ref()).ok().filter(|id| *id > 0);
        if fits.is_none() {
            reader.wrong(id.span().start, "`telegram.api_id` must be the number from https://my.telegram.org");
        }
        fits
    });
    let api_hash = api_hash(reader, section, folder);
    let backfill_calls_per_second = reader.rate(section, "backfill_calls_per_second").unwrap_or(1.0);
    let sandbox = sandbox(reader, section);
    Telegram { api_id, api_hash, groups, backfill_calls_per_second, sandbox }
}

fn api_hash<'t>(reader: &mut Reader<'t>, section: &Section<'_, 't>, folder: Option<&Path>) -> Option<Secret> {
    let hash = reader.text(section, "api_hash");
    let file = reader.text(section, "api_hash_file");
    let (at, hash) = match (hash, file) {
        (Some(_), Some(file)) => {
            reader.wrong(file.span().start, "`api_hash` and `api_hash_file`: write one of them");
            return None;
        }
        (Some(hash), None) => (hash.span().start, hash.into_inner()),
        (None, Some(file)) => {
            let path = folder.unwrap_or(Path::new("")).join(file.get_ref());
            let at = file.span().start;
            let content = std::fs::read_to_string(&path).and_then(|text| Ok((text, std::fs::metadata(&path)?)));
            match content {
                // A seat has no business with it; who connects is told that it is missing.
                Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => return None,
                Err(error) => {
                    reader.wrong(at, format!("{} cannot be read: {error}", path.display()));
                    return None;
                }
                Ok((_, meta)) if meta.permissions().mode() & 0o077 != 0 => {
                    reader.wrong(at, format!("{0} can be read by others: run `chmod 600 {0}`", path.display()));
                    return None;
                }
                Ok((text, _)) => (at, text.trim().to_owned()),
            }
        }
        (None, None) => return None,
    };
    // The value itself is never in the message.
    if hash.len() != 32 || !hash.chars().all(|c| c.is_ascii_hexdigit()) {
        reader.wrong(at, "the api_hash must be the 32 hexadecimal digits from https://my.telegram.org");
        return None;
    }
    Some(Secret::new(hash))
}

fn sandbox<'t>(reader: &mut Reader<'t>, telegram: &Section<'_, 't>) -> Option<Sandbox> {
    let section = reader.section(telegram, "sandbox");
    if !section.exists() {
        return None;
    }
    reader.check_keys(&section);
    let address = reader.text(&section, "address").and_then(|text| {
        let address = text.get_ref().parse().ok();
        if address.is_none() {
            reader.wrong(text.span().start, "`telegram.sandbox.address` must be like \"127.0.0.1:40123\"");
        }
        address
    });
    let dc_id = match reader.integer(&section, "dc_id", "a data centre's number") {
        Some(id) if (1..=5).contains(id.get_ref()) => i32::try_from(id.into_inner()).ok(),
        Some(id) => {
            reader.wrong(id.span().start, "`telegram.sandbox.dc_id` must be from 1 to 5");
            None
        }
        None => Some(2),
    };
    let auth_key = reader.text(&section, "auth_key").and_then(|key| {
        let fits = key.get_ref().len() == 512 && key.get_ref().chars().all(|c| c.is_ascii_hexdigit());
        if !fits {
            let what = "`telegram.sandbox.auth_key` must be one of the sandbox's `free_keys`: 512 hexadecimal digits";
            reader.wrong(key.span().start, what);
        }
        fits.then(|| Secret::new(key.into_inner()))
    });
    for key in ["address", "auth_key"] {
        if section.get(key).is_none() {
            reader.wrong(
                section.span.start,
                format!("`[telegram.sandbox]` has no `{key}`: `topicdesk sandbox --json` prints it"),
            );
        }
    }
    Some(Sandbox { address: address?, dc_id: dc_id?, auth_key: auth_key? })
}

fn tui<'t>(reader: &mut Reader<'t>, root: &Section<'_, 't>) -> Tui {
    let section = reader.section(root, "tui");
    reader.check_keys(&section);
    const AFTER: [(&str, After); 3] = [("next", After::Next), ("stay", After::Stay), ("queue", After::Queue)];
    Tui {
        theme: reader.placed(&section, "theme"),
        mouse: reader.flag(&section, "mouse").unwrap_or(false),
        bell: reader.flag(&section, "bell").unwrap_or(true),
        after_resolve: reader.choice(&section, "after_resolve", &AFTER).unwrap_or_default(),
        after_pending: reader.choice(&section, "after_pending", &AFTER).unwrap_or_default(),
        ascii: reader.flag(&section, "ascii"),
    }
}

fn keys<'t>(reader: &mut Reader<'t>, root: &Section<'_, 't>) -> Vec<KeySetting> {
    let contexts = reader.section(root, "keys");
    let mut settings = Vec::new();
    for (context, _, _) in contexts.entries() {
        let section = reader.section(&contexts, context);
        for (action, span, _) in section.entries() {
            let keys: Vec<Spanned<Item>> = reader.items(&section, action);
            let place = reader.place(span.start);
            let text = |item: Spanned<Item>| match item.into_inner() {
                Item::Text(text) => text,
                // A digit is a key too.
                Item::Number(number) => number.to_string(),
            };
            let keys = keys.into_iter().map(text).collect();
            settings.push(KeySetting { context: context.to_owned(), action: action.to_owned(), keys, place });
        }
    }
    settings
}
