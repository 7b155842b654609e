%matplotlib inline
!echo don't
!python -c "import no"
%timeit import no
import b
