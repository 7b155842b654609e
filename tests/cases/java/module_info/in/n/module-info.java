module n { exports b; }
