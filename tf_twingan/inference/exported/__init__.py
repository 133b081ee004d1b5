"""Opens exported files and translates with them: TFLite and SavedModel."""
