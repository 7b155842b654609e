import attr.validators
