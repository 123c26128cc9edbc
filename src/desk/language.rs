//! An honest guess at the language of a short text: by its script, then by a few stop words, else none.

/// Tells whether a text is the code of a language, as people write it: `en`, `uk`, `pt-BR`.
pub fn is_code(text: &str) -> bool {
    (2..=8).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphabetic() || c == '-')
}

/// Stop words of languages that share the Latin script. A word may count for two languages; a tie is no guess.
const STOP_WORDS: [(&str, &[&str]); 7] = [
    (
        "en",
        &[
            "the", "and", "is", "my", "you", "have", "with", "not", "it", "please", "hello", "how", "what", "can",
            "i'm", "thanks", "thank", "your", "this", "for", "of", "to", "hi", "but", "when", "i've", "doesn't",
        ],
    ),
    (
        "de",
        &[
            "der", "das", "und", "ist", "nicht", "ich", "mein", "meine", "mit", "wie", "bitte", "hallo", "ein", "eine",
            "wir", "auf", "für", "habe", "danke", "von", "wann", "noch", "aber", "guten", "kann", "zu",
        ],
    ),
    (
        "es",
        &[
            "el", "los", "las", "y", "mi", "por", "hola", "gracias", "cómo", "qué", "pero", "una", "está", "muy",
            "tengo", "puedo", "favor", "buenas", "buenos", "cuando", "cuándo", "hace", "del", "ya", "lo", "su",
        ],
    ),
    (
        "fr",
        &[
            "le", "les", "et", "est", "je", "mon", "ma", "pas", "pour", "bonjour", "merci", "vous", "avec", "une",
            "dans", "j'ai", "mais", "c'est", "sur", "votre", "il", "ne", "avez", "quand", "des", "du", "suis",
        ],
    ),
    (
        "pt",
        &[
            "não", "meu", "minha", "você", "obrigado", "obrigada", "olá", "uma", "com", "é", "está", "mas", "bom",
            "dia", "quando", "já", "ainda", "pedido", "os", "um", "tenho", "eu", "fiz", "foi", "e",
        ],
    ),
    (
        "it",
        &[
            "che",
            "non",
            "sono",
            "grazie",
            "ciao",
            "il",
            "ho",
            "mio",
            "mia",
            "come",
            "ma",
            "buongiorno",
            "gli",
            "della",
            "è",
            "vorrei",
            "quando",
            "anche",
            "più",
            "per",
            "ancora",
            "questo",
        ],
    ),
    (
        "tr",
        &[
            "ve",
            "bir",
            "için",
            "merhaba",
            "teşekkürler",
            "nasıl",
            "değil",
            "bu",
            "benim",
            "var",
            "yok",
            "lütfen",
            "ama",
            "ne",
            "zaman",
            "çok",
            "ile",
            "mı",
            "mi",
        ],
    ),
];

/// Letters that only one of the Latin languages here has.
const LETTERS: [(&str, &str); 6] =
    [("de", "ßäöü"), ("es", "ñ¿¡"), ("fr", "çœèêëîû"), ("pt", "ãõ"), ("tr", "ğışİ"), ("it", "ìò")];

/// Guesses the language of a text as an ISO 639-1 code; `None` rather than a wild guess.
///
/// Links, `@names` and numbers do not count. Scripts decide first (Arabic, kana, Han, Hangul, Cyrillic, …); Russian and
/// Ukrainian are told apart by the letters the other one lacks; Latin needs a stop word or a telling letter.
pub fn guess(text: &str) -> Option<&'static str> {
    let words = || text.split_whitespace().filter(|word| !word.contains("://") && !word.starts_with(['@', '/']));
    let letters = || words().flat_map(str::chars).filter(|c| c.is_alphabetic());
    let [mut latin, mut greek, mut cyrillic, mut hebrew, mut arabic, mut hangul, mut kana, mut han] = [0_usize; 8];
    for letter in letters() {
        match letter {
            ..'\u{250}' => latin += 1,
            '\u{370}'..='\u{3ff}' => greek += 1,
            '\u{400}'..='\u{52f}' => cyrillic += 1,
            '\u{590}'..='\u{5ff}' => hebrew += 1,
            '\u{600}'..='\u{6ff}' | '\u{750}'..='\u{77f}' => arabic += 1,
            '\u{ac00}'..='\u{d7a3}' | '\u{1100}'..='\u{11ff}' => hangul += 1,
            '\u{3040}'..='\u{30ff}' => kana += 1,
            '\u{3400}'..='\u{9fff}' => han += 1,
            _ => {}
        }
    }
    let lower = || words().map(|word| word.to_lowercase().replace('’', "'")).collect::<Vec<String>>();
    // An ideograph says as much as three letters: a Latin product name does not outvote a Chinese sentence.
    let scripts = [
        ("cjk", 3 * (kana + han)),
        ("ko", 2 * hangul),
        ("arab", arabic),
        ("he", hebrew),
        ("el", greek),
        ("cyrl", cyrillic),
        ("latn", latin),
    ];
    let (script, weight) = scripts.into_iter().rev().max_by_key(|(_, weight)| *weight)?;
    match script {
        _ if weight < 2 => None,
        // A Japanese sentence without a single kana hardly exists.
        "cjk" => Some(if kana > 0 { "ja" } else { "zh" }),
        "arab" if letters().any(|c| "پچژگ".contains(c)) => Some("fa"),
        "arab" => Some("ar"),
        "cyrl" => cyrillic_language(&lower()),
        "latn" => latin_language(&lower()),
        plain => Some(plain),
    }
}

fn cyrillic_language(words: &[String]) -> Option<&'static str> {
    let has = |set: &str| words.iter().any(|word| word.contains(|c: char| set.contains(c)));
    let says = |list: &[&str]| words.iter().any(|word| list.contains(&bare(word)));
    if has("ў") {
        Some("be")
    } else if has("їєґ") || (has("і") && !has("ыэъё")) {
        Some("uk")
    } else if has("ыэъё") {
        Some("ru")
    } else if says(&["дякую", "як", "що", "та", "ще", "будь", "доброго", "коли", "чому", "вже", "добрий", "ласка"])
        && !says(&["как", "что", "и", "когда", "почему", "уже", "меня", "добрый"])
    {
        Some("uk")
    } else {
        // Most Cyrillic without a letter of its own is Russian; Bulgarian and Serbian give themselves away elsewhere.
        (!has("ђћљњџј")).then_some("ru")
    }
}

fn latin_language(words: &[String]) -> Option<&'static str> {
    let mut scores: Vec<(&'static str, usize)> = STOP_WORDS
        .iter()
        .map(|(language, stops)| {
            let known = words.iter().filter(|word| stops.contains(&bare(word))).count();
            let own = LETTERS.iter().find(|(name, _)| name == language).map_or("", |(_, letters)| letters);
            let telling = words.iter().any(|word| word.contains(|c: char| own.contains(c)));
            (*language, 2 * known + usize::from(telling))
        })
        .collect();
    scores.sort_by_key(|(_, score)| std::cmp::Reverse(*score));
    let [(language, first), (_, second), ..] = scores[..] else { return None };
    (first > second).then_some(language)
}

fn bare(word: &str) -> &str {
    word.trim_matches(|c: char| !c.is_alphanumeric())
}
