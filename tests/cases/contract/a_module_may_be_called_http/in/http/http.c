int http;
