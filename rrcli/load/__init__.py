"""A plan as a load: many users who run it again and again."""
