import "npm:@a/b@1/c"; import "jsr:/@c/d"; import "https://deno.land/x/y.ts"; import "virtual:x"; import "astro:content"; import "bun:test"; import "data:text/javascript,1"
