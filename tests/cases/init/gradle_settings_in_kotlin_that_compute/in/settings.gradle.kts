rootProject.name = "shop"
include(
    ":core",
    ":web",
)
file("plugins").listFiles()?.forEach { include(":plugins:${it.name}") }
