//! Parts that panes and overlays are made of.

pub(super) mod line_edit;
pub(super) mod picker;
pub(super) mod text;
