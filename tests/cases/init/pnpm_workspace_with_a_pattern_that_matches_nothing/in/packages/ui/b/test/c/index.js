import '../../../../a/index.js';
