module example.com/app

require (
	example.com/lib v1.0.0
	example.com/outside v1.0.0
	example.com/fork v1.0.0
)

replace example.com/lib => ../libs/lib
replace (
	example.com/outside v1.0.0 => ../../outside
	example.com/fork => example.com/ours/fork v1.2.0
)
