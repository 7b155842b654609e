import "#x"
