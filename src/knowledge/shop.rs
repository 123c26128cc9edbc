//! The articles of the demo's shop.

/// File names and contents.
pub const SHOP: &[(&str, &str)] = &[
    ("parcel.en.md", include_str!("../../assets/articles/parcel.en.md")),
    ("refund.en.md", include_str!("../../assets/articles/refund.en.md")),
    ("returns.en.md", include_str!("../../assets/articles/returns.en.md")),
    ("battery.en.md", include_str!("../../assets/articles/battery.en.md")),
    ("invoice.en.md", include_str!("../../assets/articles/invoice.en.md")),
    ("repair.en.md", include_str!("../../assets/articles/repair.en.md")),
    ("payment.en.md", include_str!("../../assets/articles/payment.en.md")),
    ("parcel.ru.md", include_str!("../../assets/articles/parcel.ru.md")),
    ("refund.ru.md", include_str!("../../assets/articles/refund.ru.md")),
    ("payment.ru.md", include_str!("../../assets/articles/payment.ru.md")),
    ("parcel.uk.md", include_str!("../../assets/articles/parcel.uk.md")),
    ("refund.uk.md", include_str!("../../assets/articles/refund.uk.md")),
    ("filter.uk.md", include_str!("../../assets/articles/filter.uk.md")),
];
