"""emoprism: separate how people feel from who they are, and measure what still leaks."""

__version__ = "0.1.0"
