"""Small real data that needs no network. Origin and licence of each piece: LICENCES.md beside this file."""
