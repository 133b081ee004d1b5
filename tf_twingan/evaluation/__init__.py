"""From images and their translations to a table with floors and ceilings."""
