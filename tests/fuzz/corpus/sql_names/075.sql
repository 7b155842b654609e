select 1 /* a /* nested */ comment */ -- and one to the end
