"""HTTP: messages, frames, content codings and cookies."""
