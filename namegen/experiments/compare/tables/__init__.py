"""The tables of a comparison, a file for each section of the report; made once, for HTML, Markdown and the terminal."""
