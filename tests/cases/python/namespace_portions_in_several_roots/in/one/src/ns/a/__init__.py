from ns.b import x
import ns.a, ns.none
