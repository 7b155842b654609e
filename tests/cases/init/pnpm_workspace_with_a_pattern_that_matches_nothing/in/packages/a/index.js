import '../ui/b/index.js';
