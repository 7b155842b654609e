from p import _fast, _built, _stub
