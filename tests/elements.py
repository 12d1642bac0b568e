"""The elements of an HTML page, for tests of what notebooks display."""

from html.parser import HTMLParser


class Elements(HTMLParser):
    """(tag, attributes) of every element."""

    def __init__(self, text: str):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict]:
        return [attributes for name, attributes in self.found if name == tag]
