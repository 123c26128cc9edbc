//! The words of automatic messages that come with the program.

use super::Texts;

pub(super) const NUDGES: [(&str, &str); 3] = [
    (
        "en",
        "A short reminder: we are waiting for your answer here. Do you still need help? Write a word, and we go on.",
    ),
    (
        "uk",
        "Коротке нагадування: ми чекаємо на вашу відповідь тут. Допомога ще потрібна? Напишіть кілька слів, і ми продовжимо.",
    ),
    ("ru", "Короткое напоминание: мы ждём вашего ответа здесь. Помощь ещё нужна? Напишите пару слов, и мы продолжим."),
];

pub(super) const CONFIRMATIONS: [(&str, &str); 3] = [
    ("en", "We have marked this as resolved. If something is left, just write here, and we go on."),
    ("uk", "Ми позначили це питання як вирішене. Якщо щось залишилося, просто напишіть тут, і ми продовжимо."),
    ("ru", "Мы отметили этот вопрос как решённый. Если что-то осталось, просто напишите здесь, и мы продолжим."),
];

pub(super) const SURVEYS: [(&str, &str); 3] = [
    (
        "en",
        "We have marked this as resolved. How did we do, from 1 (badly) to 5 (very well)? A number is enough. If something is left, \
         just write here.",
    ),
    (
        "uk",
        "Ми позначили це питання як вирішене. Як ми впоралися, від 1 (погано) до 5 (чудово)? Достатньо однієї цифри. Якщо щось \
         залишилося, просто напишіть тут.",
    ),
    (
        "ru",
        "Мы отметили этот вопрос как решённый. Как мы справились, от 1 (плохо) до 5 (отлично)? Достаточно одной цифры. Если что-то \
         осталось, просто напишите здесь.",
    ),
];

pub(super) const THANKS: [(&str, &str); 3] = [("en", "Thank you!"), ("uk", "Дякуємо!"), ("ru", "Спасибо!")];

/// Puts texts under their languages.
pub(super) fn of(texts: &[(&str, &str)]) -> Texts {
    texts.iter().map(|(language, text)| ((*language).to_owned(), (*text).to_owned())).collect()
}
