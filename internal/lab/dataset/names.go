package dataset

// The names of the bets. Any change, even of their order, changes every generated dataset and the shipped
// .data/dataset.zip.
var (
	women = []string{
		"Abril", "Agustina", "Ailén", "Alba", "Alejandra", "Alicia", "Amanda", "Amparo", "Ana", "Anahí",
		"Andrea", "Ángela", "Antonella", "Aurora", "Ayelén", "Azul", "Bárbara", "Beatriz", "Begoña", "Belén",
		"Blanca", "Brenda", "Candela", "Carla", "Carmen", "Carolina", "Catalina", "Cecilia", "Celeste", "Clara",
		"Claudia", "Constanza", "Dalma", "Daniela", "Débora", "Delfina", "Diana", "Dolores", "Elena", "Elisa",
		"Emilia", "Estela", "Eugenia", "Fátima", "Felicitas", "Fernanda", "Florencia", "Gabriela", "Gimena", "Graciela",
		"Guadalupe", "Helena", "Ignacia", "Inés", "Irene", "Iris", "Isabel", "Jazmín", "Josefina", "Julia",
		"Juliana", "Karina", "Laura", "Leticia", "Lidia", "Lorena", "Lourdes", "Lucía", "Luján", "Luz",
		"Macarena", "Magdalena", "Maia", "Malena", "Marcela", "Margarita", "María", "Marisol", "Marta", "Melina",
		"Mercedes", "Milagros", "Mirta", "Mónica", "Nadia", "Natalia", "Noelia", "Olga", "Olivia", "Paloma",
		"Patricia", "Paula", "Pilar", "Raquel", "Rebeca", "Rosario", "Sabrina", "Sandra", "Sara", "Selene",
		"Silvia", "Soledad", "Sonia", "Susana", "Tatiana", "Teresa", "Úrsula", "Valeria", "Vanesa", "Verónica",
		"Victoria", "Violeta", "Ximena", "Yamila", "Zoe",
	}

	men = []string{
		"Adrián", "Agustín", "Alan", "Alejo", "Andrés", "Ángel", "Antonio", "Ariel", "Axel", "Bautista",
		"Benicio", "Bernardo", "Brian", "Bruno", "Camilo", "Carlos", "César", "Cristian", "Damián", "Darío",
		"Eduardo", "Elías", "Enrique", "Ernesto", "Esteban", "Ezequiel", "Fabián", "Facundo", "Federico", "Félix",
		"Fernando", "Fidel", "Francisco", "Franco", "Gastón", "Germán", "Gonzalo", "Gregorio", "Guillermo", "Gustavo",
		"Héctor", "Hernán", "Horacio", "Hugo", "Iñaki", "Iván", "Jerónimo", "Jesús", "Joaquín", "Jorge",
		"José", "Julián", "Julio", "Lautaro", "Leandro", "Leonardo", "Lucas", "Luciano", "Luis", "Manuel",
		"Marcos", "Mariano", "Mario", "Martín", "Mateo", "Maximiliano", "Miguel", "Nicanor", "Norberto", "Octavio",
		"Omar", "Óscar", "Pablo", "Patricio", "Pedro", "Rafael", "Ramiro", "Ramón", "Raúl", "Ricardo",
		"Roberto", "Rodrigo", "Román", "Rubén", "Salvador", "Samuel", "Santino", "Saúl", "Sebastián", "Sergio",
		"Simón", "Teo", "Tobías", "Tomás", "Vicente",
	}

	surnames = []string{
		"Abad", "Acosta", "Acuña", "Agüero", "Aguirre", "Alarcón", "Albornoz", "Alegre", "Almada", "Alonso",
		"Altamirano", "Alvarado", "Álvarez", "Amaya", "Andrade", "Antúnez", "Aranda", "Araujo", "Arce", "Arias",
		"Ávila", "Avellaneda", "Aymara", "Báez", "Barbieri", "Barrera", "Barrios", "Bauer", "Becerra", "Benítez",
		"Bermúdez", "Bianchi", "Blanco", "Bravo", "Bruno", "Bustamante", "Bustos", "Caballero", "Cabrera", "Cáceres",
		"Calderón", "Campos", "Cano", "Cárdenas", "Cardozo", "Carrizo", "Castro", "Centurión", "Chávez", "Colombo",
		"Conti", "Córdoba", "Coronel", "Correa", "Cortés", "Costa", "Crespo", "Cruz", "Cuello", "D'Amico",
		"De la Fuente", "De los Santos", "Del Valle", "Di Marco", "Díaz", "Domínguez", "Duarte", "Echeverría", "Escobar", "Espinoza",
		"Esposito", "Estévez", "Farías", "Fernández", "Ferrari", "Ferreyra", "Figueroa", "Flores", "Franco", "Frías",
		"Fuentes", "Funes", "Gallardo", "García", "Garay", "Giménez", "Godoy", "Gómez", "González", "Guerrero",
		"Güiraldes", "Gutiérrez", "Guzmán", "Heredia", "Hernández", "Herrera", "Ibáñez", "Ibarra", "Iglesias", "Iturralde",
		"Jara", "Jiménez", "Juárez", "Klein", "Lagos", "Larrañaga", "Ledesma", "Leiva", "León", "Lezcano",
		"López", "Lucero", "Luna", "Machado", "Maidana", "Maldonado", "Mancini", "Mansilla", "Marín", "Márquez",
		"Martínez", "Medina", "Méndez", "Mendoza", "Meyer", "Miranda", "Molina", "Monzón", "Morales", "Moreno",
		"Moyano", "Müller", "Muñoz", "Navarro", "Nieto", "Noguera", "Núñez", "Ocampo", "Ojeda", "Olivera",
		"Ordóñez", "Ortega", "Ortiz", "Otero", "Pacheco", "Páez", "Palacios", "Paredes", "Paz", "Peña",
		"Peralta", "Pereyra", "Pérez", "Ponce", "Prieto", "Quinteros", "Quiroga", "Ramírez", "Ramos", "Reyes",
		"Ricci", "Ríos", "Rivas", "Robledo", "Rodríguez", "Rojas", "Roldán", "Romano", "Romero", "Rossi",
		"Ruiz", "Russo", "Salazar", "Salinas", "San Martín", "Sánchez", "Sandoval", "Schmidt", "Segovia", "Serrano",
		"Silva", "Solís", "Soria", "Soto", "Suárez", "Tapia", "Tévez", "Toledo", "Torres", "Trejo",
		"Ulloa", "Urquiza", "Valdez", "Vallejos", "Vargas", "Vázquez", "Vega", "Velázquez", "Vidal", "Villalba",
		"Villarreal", "Yáñez", "Zabala", "Zapata", "Zárate", "Zúñiga",
	}
)
