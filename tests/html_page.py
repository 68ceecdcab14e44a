"""Reading HTML in tests."""

from html.parser import HTMLParser


class Page(HTMLParser):
    """Collects tags, attributes and text, and fails where a tag is not closed."""

    def __init__(self, text, void=("img",)):
        super().__init__(convert_charrefs=True)
        self.open, self.tags, self.attributes, self.texts, self.void = [], [], [], [], void
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, *attribute) for attribute in attrs]
        if tag not in self.void:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)
