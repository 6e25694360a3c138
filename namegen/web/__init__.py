"""Export models as a web page or a JavaScript module."""
