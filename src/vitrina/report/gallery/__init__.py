"""What the report adds for galleries: the tables of the UGallery study, sessions with their pictures, the map."""
