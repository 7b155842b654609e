import sphinx.x
