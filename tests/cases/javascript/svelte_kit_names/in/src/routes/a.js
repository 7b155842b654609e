import "$lib"; import "$lib/b"; import "$app/stores"; import "$env/static/private"; import "./$types"
