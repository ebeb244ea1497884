"""Jobs over any number of files: started, killed, resumed and believed."""
