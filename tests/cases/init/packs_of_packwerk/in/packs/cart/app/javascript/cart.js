import '../../../prices/app/javascript/prices.js';
