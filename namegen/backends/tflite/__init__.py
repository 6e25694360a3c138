"""A trained network as a .tflite file, and such a file as a LanguageModel."""
