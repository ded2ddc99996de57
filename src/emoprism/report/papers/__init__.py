"""Our numbers beside those that papers print: one file per paper."""
