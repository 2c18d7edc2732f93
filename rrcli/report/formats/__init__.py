"""The other formats: raw, HAR, Mermaid, curl's --write-out."""
