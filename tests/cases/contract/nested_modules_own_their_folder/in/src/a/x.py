import a.inner.y
