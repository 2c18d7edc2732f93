"""Plans: files of exchanges that are sent one after the other, each with what the ones before it brought."""
