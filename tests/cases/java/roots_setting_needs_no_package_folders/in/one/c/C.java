package org.example.c;

public class C {
}
