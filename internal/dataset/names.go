package dataset

// The names that bets are made of. Their order is part of what a seed means:
// adding, removing or moving one changes every generated dataset, and with it
// the shipped .data/dataset.zip.
var (
	givenNames = []string{
		"Abril", "Adrián", "Agustín", "Agustina", "Ailén", "Alan", "Alba", "Alejandra", "Alejo", "Alicia",
		"Amanda", "Amparo", "Ana", "Anahí", "Andrea", "Andrés", "Ángel", "Ángela", "Antonella", "Antonio",
		"Ariel", "Aurora", "Axel", "Ayelén", "Azul", "Bárbara", "Bautista", "Beatriz", "Begoña", "Belén",
		"Benicio", "Bernardo", "Blanca", "Brenda", "Brian", "Bruno", "Camilo", "Candela", "Carla", "Carlos",
		"Carmen", "Carolina", "Catalina", "Cecilia", "Celeste", "César", "Clara", "Claudia", "Constanza", "Cristian",
		"Dalma", "Damián", "Daniela", "Darío", "Débora", "Delfina", "Diana", "Dolores", "Eduardo", "Elena",
		"Elías", "Elisa", "Emilia", "Enrique", "Ernesto", "Esteban", "Estela", "Eugenia", "Ezequiel", "Fabián",
		"Facundo", "Fátima", "Federico", "Felicitas", "Félix", "Fernanda", "Fernando", "Fidel", "Florencia", "Francisco",
		"Franco", "Gabriela", "Gastón", "Germán", "Gimena", "Gonzalo", "Graciela", "Gregorio", "Guadalupe", "Guillermo",
		"Gustavo", "Héctor", "Helena", "Hernán", "Horacio", "Hugo", "Ignacia", "Inés", "Iñaki", "Irene",
		"Iris", "Isabel", "Iván", "Jazmín", "Jerónimo", "Jesús", "Joaquín", "Jorge", "José", "Josefina",
		"Julia", "Julián", "Juliana", "Julio", "Karina", "Laura", "Lautaro", "Leandro", "Leonardo", "Leticia",
		"Lidia", "Lorena", "Lourdes", "Lucas", "Lucía", "Luciano", "Luis", "Luján", "Luz", "Macarena",
		"Magdalena", "Maia", "Malena", "Manuel", "Marcela", "Marcos", "Margarita", "María", "Mariano", "Mario",
		"Marisol", "Marta", "Martín", "Mateo", "Maximiliano", "Melina", "Mercedes", "Miguel", "Milagros", "Mirta",
		"Mónica", "Nadia", "Natalia", "Nicanor", "Noelia", "Norberto", "Octavio", "Olga", "Olivia", "Omar",
		"Óscar", "Pablo", "Paloma", "Patricia", "Patricio", "Paula", "Pedro", "Pilar", "Rafael", "Ramiro",
		"Ramón", "Raquel", "Raúl", "Rebeca", "Ricardo", "Roberto", "Rodrigo", "Román", "Rosario", "Rubén",
		"Sabrina", "Salvador", "Samuel", "Sandra", "Santino", "Sara", "Saúl", "Sebastián", "Selene", "Sergio",
		"Silvia", "Simón", "Soledad", "Sonia", "Susana", "Tatiana", "Teo", "Teresa", "Tobías", "Tomás",
		"Úrsula", "Valeria", "Vanesa", "Verónica", "Vicente", "Victoria", "Violeta", "Ximena", "Yamila", "Zoe",
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
