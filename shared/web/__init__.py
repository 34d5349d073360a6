"""What all pages share: layout, styles, words for dates and numbers, charts; no domain words of its own."""
