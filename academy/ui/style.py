"""The theme: teal on stone, the reader's own fonts, nothing fetched."""

from __future__ import annotations

import gradio as gr

FONT = ["ui-sans-serif", "system-ui", "-apple-system", "Segoe UI", "Roboto", "Helvetica Neue", "Noto Sans", "DejaVu Sans", "sans-serif"]
MONO = ["ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "Liberation Mono", "DejaVu Sans Mono", "monospace"]

_COLOURS = {  # light and dark
    "body_background_fill": ("#fafaf9", "#12110f"),
    "body_text_color": ("#1c1917", "#e7e5e4"),
    "body_text_color_subdued": ("#6b6560", "#a8a29e"),
    "background_fill_primary": ("#ffffff", "#1c1a18"),
    "background_fill_secondary": ("#f5f5f4", "#24211f"),
    "border_color_primary": ("#e7e5e4", "#35312d"),
    "block_background_fill": ("#ffffff", "#1c1a18"),
    "block_border_color": ("#e7e5e4", "#35312d"),
    "block_label_background_fill": ("transparent", "transparent"),
    "block_title_text_color": ("#44403c", "#d6d3d1"),
    "block_info_text_color": ("#78716c", "#a8a29e"),
    "input_background_fill": ("#ffffff", "#12110f"),
    "input_border_color": ("#8f8882", "#7d766f"),
    "input_border_color_focus": ("#0d9488", "#2dd4bf"),
    "button_primary_background_fill": ("#0f766e", "#0d7d73"),
    "button_primary_background_fill_hover": ("#115e59", "#0f6d65"),
    "button_secondary_background_fill": ("#ffffff", "#24211f"),
    "button_secondary_background_fill_hover": ("#f5f5f4", "#2e2a27"),
    "button_secondary_text_color": ("#292524", "#e7e5e4"),
    "button_secondary_border_color": ("#d6d3d1", "#44403c"),
    "checkbox_background_color_selected": ("#0f766e", "#0d857a"),
    "checkbox_border_color": ("#8f8882", "#7d766f"),
    "checkbox_border_color_selected": ("#0f766e", "#0d857a"),
    "input_placeholder_color": ("#716b66", "#948d87"),
    "slider_color": ("#0f766e", "#0d857a"),
}
_REST = {
    "block_border_width": "0px",
    "block_shadow": "none",
    "block_padding": "0px",
    "block_label_border_width": "0px",
    "block_title_text_weight": "600",
    "block_title_text_size": "13px",
    "block_info_text_size": "12px",
    "input_shadow": "none",
    "input_shadow_focus": "none",
    "input_padding": "8px 10px",
    "input_radius": "8px",
    "input_text_size": "14px",
    "button_primary_text_color": "#ffffff",
    "button_border_width": "1px",
    "button_large_radius": "8px",
    "button_large_padding": "9px 16px",
    "button_large_text_size": "14px",
    "button_large_text_weight": "600",
    "button_small_radius": "7px",
    "checkbox_label_background_fill": "transparent",
    "checkbox_label_background_fill_hover": "transparent",
    "checkbox_label_background_fill_selected": "transparent",
    "checkbox_label_padding": "7px 10px",
    "checkbox_label_shadow": "none",
    "layout_gap": "14px",
    "form_gap_width": "0px",
}


def theme() -> gr.themes.Base:
    """Gradio's default theme with quieter borders, smaller text and one accent."""
    base = gr.themes.Default(
        primary_hue="teal",
        secondary_hue="teal",
        neutral_hue="stone",
        spacing_size="md",
        radius_size="md",
        text_size="md",
        font=FONT,
        font_mono=MONO,
    )
    light = {name: colour for name, (colour, _) in _COLOURS.items()}
    dark = {f"{name}_dark": colour for name, (_, colour) in _COLOURS.items()}
    return base.set(**light, **dark, **_REST)
