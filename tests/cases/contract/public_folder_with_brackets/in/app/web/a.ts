import {x} from "../[shop]/[id]/page"
