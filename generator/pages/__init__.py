"""Pages that people read about an API: Markdown, one file a tag. Names and types come from `decide/`, never from here."""
